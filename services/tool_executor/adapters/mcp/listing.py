"""The tools that a server lists and `tools.yaml` declares: only what is in both is one of ours."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mcp_types as types
from pydantic import ValidationError

from contracts.tool import ToolManifest
from services.tool_executor.adapters.schema import SchemaUnusable, Shape
from shared.config import describe

from .declared import RemoteTool, Server
from .invocation import RemoteInvocation

MODULE = "mcp:"


@dataclass(frozen=True, slots=True)
class Offered:
    """One tool that may be used."""

    manifest: ToolManifest
    invocation: RemoteInvocation


@dataclass(frozen=True, slots=True)
class Listing:
    """What came of a list: tools by our names, and what is wrong with declared ones."""

    tools: Mapping[str, Offered]
    findings: tuple[str, ...] = ()


def listing_of(
    name: str, server: Server, listed: Sequence[types.Tool], limits: Mapping[str, Mapping[str, Any]]
) -> Listing:
    """The declared tools of a server as it lists them; what it lists beside them is nobody's."""
    by_name: dict[str, list[types.Tool]] = {}
    for one in listed:
        by_name.setdefault(one.name, []).append(one)
    tools: dict[str, Offered] = {}
    findings = []
    for remote, declared in server.tools.items():
        ours = declared.name or f"{name}_{remote}"
        found = by_name.get(remote, [])
        if len(found) != 1:
            findings.append(
                f"it lists {remote} more than once"
                if found
                else f"it has no tool {remote}; it has {_some(by_name)}"
            )
            continue
        try:
            tools[ours] = _offered(ours, name, found[0], declared, limits.get(ours, {}))
        except (SchemaUnusable, ValueError) as error:
            told = describe(error) if isinstance(error, ValidationError) else str(error)
            findings.append(f"{remote} cannot be used: {told}")
    return Listing(tools, tuple(findings))


def _offered(
    ours: str, server: str, tool: types.Tool, declared: RemoteTool, limits: Mapping[str, Any]
) -> Offered:
    arguments = Shape(tool.input_schema)
    properties = tool.input_schema.get("properties", {})
    strange = sorted({*declared.sinks, *declared.payload} - set(properties))
    if strange:
        raise SchemaUnusable(
            f"{', '.join(strange)}: declared, and no argument of it; it has {_some(properties)}"
        )
    manifest = ToolManifest.model_validate(
        {
            **declared.manifest_words(),
            **limits,
            "name": ours,
            "description": tool.description or tool.title or tool.name,
            "parameters": tool.input_schema,
            "module": f"{MODULE}{server}",
            "function": tool.name,
        }
    )
    invocation = RemoteInvocation(
        name=ours,
        server=server,
        remote=tool.name,
        arguments=arguments,
        known=frozenset(properties),
        result=None if tool.output_schema is None else Shape(tool.output_schema),
        errors_do_nothing=declared.errors_do_nothing,
    )
    return Offered(manifest, invocation)


def _some(names: Mapping[str, object], most: int = 20) -> str:
    def told() -> Iterator[str]:
        yield from sorted(names)[:most]
        if len(names) > most:
            yield f"{len(names) - most} more"

    return ", ".join(told()) or "none"
