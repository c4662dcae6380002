"""The declared tools: functions of the modules that `tools.yaml` names, and its programs.

Those of servers join.
"""

import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    AliasChoices,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from contracts.shape import NAME_PATTERN, Seconds, Token, Written
from contracts.tool import ToolManifest, manifest_of
from services.tool_executor.rules import Host
from shared.config import ManifestFile, describe, load_yaml
from shared.errors import ConfigError

from .credentials.declared import Credentials, VaultServer, unread
from .invocation import Invocation, invocation_of
from .kinds import WorkerKind
from .mcp.declared import Servers, our_names
from .programs.declared import Programs, declared_program
from .schema import SchemaUnusable
from .shaped import ShapedInvocation
from .words import VariableName

TOOLS_FILE = "tools.yaml"
MODULES_LIMIT = 256

ModuleName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w.]*$")]


def _checked_host(text: str) -> str:
    Host.parse(text)
    return text


HostName = Annotated[str, AfterValidator(_checked_host)]


class ToolLimits(Written):
    """What an operator changes of a tool's own limits."""

    timeout_seconds: Seconds | None = Field(
        None, validation_alias=AliasChoices("timeout_seconds", "timeout")
    )
    silent_seconds: Annotated[Seconds, Field(le=3600)] | None = Field(
        None, validation_alias=AliasChoices("silent_seconds", "silent")
    )
    output_limit_bytes: Annotated[int, Field(gt=0, le=1_048_576)] | None = None


class ToolsFile(Written):
    """`tools.yaml`: where tools are declared, and what they get to see.

    `secrets` maps a pattern of scopes to names of variables, `hosts` to names of hosts;
    a tool is given those of the scopes it declares, and no others. Only what `private_hosts` names
    may lie inside, at an address that is not of the internet. Of an MCP server the tools that are
    declared are used, and no others. `credentials` says where the values of variables lie.
    """

    modules: Annotated[tuple[ModuleName, ...], Field(max_length=MODULES_LIMIT)] = ()
    servers: Servers = Field(default_factory=dict)
    programs: Programs = Field(default_factory=dict)
    secrets: dict[str, tuple[VariableName, ...]] = Field(default_factory=dict)
    credentials: Credentials = Field(default_factory=dict)
    vault: VaultServer | None = None
    hosts: dict[str, tuple[HostName, ...]] = Field(default_factory=dict)
    private_hosts: dict[str, tuple[HostName, ...]] = Field(default_factory=dict)
    limits: dict[Token, ToolLimits] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _can_read_its_credentials(self) -> Self:
        used = {name for names in self.secrets.values() for name in names}
        used |= {name for server in self.servers.values() for name in server.variables}
        if wrong := unread(self.credentials, self.vault, used):
            raise ValueError(wrong)
        return self

    def secrets_of(self, manifest: ToolManifest) -> tuple[str, ...]:
        """The variables that a tool may see, sorted."""
        return tuple(sorted(_granted(self.secrets, manifest)))

    def hosts_of(self, manifest: ToolManifest) -> tuple[Host, ...]:
        """What a jailed tool may reach, in the order of names; private ones first."""
        inside = sorted(_granted(self.private_hosts, manifest))
        outside = sorted(_granted(self.hosts, manifest))
        return (
            *(Host.parse(name, private=True) for name in inside),
            *(Host.parse(name) for name in outside),
        )


def _granted(by_scope: dict[str, tuple[str, ...]], manifest: ToolManifest) -> set[str]:
    """What the scopes of a tool are given."""
    return {
        name
        for pattern, names in by_scope.items()
        if any(fnmatchcase(scope, pattern) for scope in manifest.scopes)
        for name in names
    }


@dataclass(frozen=True, slots=True)
class DeclaredTool:
    """One tool: its manifest as pinned, and how to call it."""

    manifest: ToolManifest
    invocation: Invocation | ShapedInvocation
    secrets: tuple[str, ...] = ()
    hosts: tuple[Host, ...] = ()
    reconciler: Invocation | None = None

    @property
    def reconciling(self) -> "DeclaredTool | None":
        """How to find out whether a call of it took effect: within the same walls, as it runs."""
        if self.reconciler is None:
            return None
        manifest = self.manifest.model_copy(update={"function": self.manifest.reconcile})
        return replace(self, manifest=manifest, invocation=self.reconciler, reconciler=None)

    @property
    def kind(self) -> WorkerKind:
        """Of which kind a worker is that may run it."""
        return WorkerKind.of(self.manifest, self.secrets, self.hosts)


@dataclass(frozen=True)
class Registry:
    """Every tool of this executor, by name. Those of MCP servers come and go as these list them."""

    tools: dict[str, DeclaredTool]
    modules: tuple[str, ...] = ()
    file: ToolsFile = field(default_factory=ToolsFile)

    @property
    def manifests(self) -> dict[str, ToolManifest]:
        return {name: tool.manifest for name, tool in self.tools.items()}

    @property
    def names(self) -> frozenset[str]:
        """Every name that a call may be for, also while the server of the tool is not there."""
        return frozenset(self.tools) | {ours for ours, _, _ in our_names(self.file.servers)}

    @property
    def kinds(self) -> tuple[WorkerKind, ...]:
        """The kinds of worker processes that are needed, those with most secrets first."""
        tools = self.tools.values()
        kinds = {
            tool.kind
            for tool in tools
            if tool.manifest.sandbox != "in_process" and not tool.manifest.module.startswith("mcp:")
        }
        return tuple(sorted(kinds, key=lambda kind: (-len(kind.secrets), repr(kind))))

    def manifest_file(self) -> ManifestFile:
        """What a run pins, in the order of names: the same tools give the same bytes."""
        manifests = self.manifests
        return ManifestFile(tools=tuple(manifests[name] for name in sorted(manifests)))


def load_registry(config_dir: Path) -> Registry:
    """Import every module of `tools.yaml`, and take its tools.

    Raises:
        ConfigError: a module cannot be imported or declares nothing, two tools share a name, a
            limit is for no tool, a name is none, or a tool cannot run in the sandbox it asks for.
    """
    path = config_dir / TOOLS_FILE
    file = load_yaml(path, ToolsFile)
    tools: dict[str, DeclaredTool] = {}
    for name in file.modules:
        for function in _declared(_import(name, path), path):
            tool = _tool(function, file, path)
            _admit(tool, tools, path)
    for name in file.programs:
        _admit(_program(name, file, path), tools, path)
    remote = _remote_names(file, tools, path)
    strangers = sorted(file.limits.keys() - tools.keys() - remote)
    if strangers:
        raise ConfigError(
            f"{path}: limits: {', '.join(strangers)}: no module or server declares this tool"
        )
    return Registry(tools, file.modules, file)


def _remote_names(file: ToolsFile, tools: dict[str, DeclaredTool], path: Path) -> set[str]:
    """Our names for the tools of servers: each is one, and nobody else's."""
    found: dict[str, str] = {}
    for ours, server, remote in our_names(file.servers):
        place = f"{path}: servers.{server}.tools.{remote}"
        taken = found.get(ours) or (
            f"module {tools[ours].manifest.module}" if ours in tools else ""
        )
        if taken:
            raise ConfigError(f"{place}: the name {ours!r} is taken by {taken}; give it a `name`")
        if not re.fullmatch(NAME_PATTERN, ours):
            raise ConfigError(
                f"{place}: {ours!r} is no name for a tool (letters, digits, _ and -, at most 64); "
                "give it a `name`"
            )
        found[ours] = f"servers.{server}.tools.{remote}"
    return set(found)


def _import(name: str, path: Path) -> ModuleType:
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise ConfigError(f"{path}: modules: {name} cannot be imported: {reason}") from error


def _declared(module: ModuleType, path: Path) -> Iterator[Callable[..., Any]]:
    """The functions that `@tool` marked in this very module; what it imports is another's."""
    found = [
        one
        for one in vars(module).values()
        if callable(one) and (manifest := manifest_of(one)) and manifest.module == module.__name__
    ]
    if not found:
        raise ConfigError(f"{path}: modules: {module.__name__} declares no tool with @tool")
    yield from found


def _tool(function: Callable[..., Any], file: ToolsFile, path: Path) -> DeclaredTool:
    manifest = manifest_of(function)
    assert manifest is not None, "it was found by its manifest"
    limits = file.limits.get(manifest.name, ToolLimits())
    # Validated again, so that a limit of the file has the same type as one of the decorator.
    changed = {**manifest.model_dump(), **limits.model_dump(exclude_none=True)}
    limited = ToolManifest.model_validate(changed)
    return DeclaredTool(
        limited,
        invocation_of(function),
        file.secrets_of(limited),
        file.hosts_of(limited),
        _reconciler(limited, path),
    )


def _reconciler(manifest: ToolManifest, path: Path) -> Invocation | None:
    """The function that the tool names, which takes what the tool takes."""
    if not manifest.reconcile:
        return None
    place = f"{path}: modules: {manifest.module}.{manifest.function}"
    found = getattr(sys.modules[manifest.module], manifest.reconcile, None)
    if not callable(found):
        raise ConfigError(f"{place}: reconcile: there is no function {manifest.reconcile!r}")
    invocation = invocation_of(found)
    taken = invocation.arguments.model_json_schema().get("properties")
    if taken != manifest.parameters.get("properties"):
        raise ConfigError(f"{place}: reconcile: {manifest.reconcile} must take what the tool takes")
    return invocation


def _program(name: str, file: ToolsFile, path: Path) -> DeclaredTool:
    limits = file.limits.get(name, ToolLimits()).model_dump(exclude_none=True)
    try:
        manifest, invocation = declared_program(name, file.programs[name], limits, path.parent)
    except (SchemaUnusable, OSError, ValueError) as error:
        told = describe(error) if isinstance(error, ValidationError) else str(error)
        raise ConfigError(f"{path}: programs.{name}: {told}") from None
    return DeclaredTool(manifest, invocation, file.secrets_of(manifest), file.hosts_of(manifest))


def _admit(tool: DeclaredTool, tools: dict[str, DeclaredTool], path: Path) -> None:
    manifest = tool.manifest
    taken = tools.get(manifest.name)
    if taken is not None:
        raise ConfigError(
            f"{path}: modules: {manifest.module} and {taken.manifest.module} both declare the "
            f"tool {manifest.name!r}; rename one of them"
        )
    function = tool.invocation.function if isinstance(tool.invocation, Invocation) else None
    if manifest.sandbox == "in_process" and not inspect.iscoroutinefunction(function):
        raise ConfigError(
            f"{path}: modules: {manifest.module}.{manifest.function} runs in the executor's own "
            "process; make it `async def`, or it would hold up every other call"
        )
    tools[manifest.name] = tool
