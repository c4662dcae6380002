"""Calls of tools outside of any run, as their authors try them: within all limits, past no gate."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from contracts.progress import Progress
from contracts.shape import sha256_hex
from contracts.tool import ToolContext, ToolFailed, ToolManifest, ToolRequested
from shared.errors import ConfigError

from .adapters.registry import TOOLS_FILE, DeclaredTool, Registry, load_registry
from .adapters.runner import SandboxRunner
from .adapters.serving import list_servers, serving
from .adapters.workers import brokering, pooled
from .errors import ArgumentsInvalid, ExecutorError
from .rules import ToolOutcome, outcome_of
from .settings import Settings

CALL = "1-1"


@dataclass(frozen=True, slots=True)
class Trial:
    """Tools that can be called, each in its sandbox."""

    registry: Registry
    runner: SandboxRunner

    def manifest(self, name: str) -> ToolManifest:
        """What a tool may do.

        Raises:
            ConfigError: there is no such tool.
        """
        return self._tool(name).manifest

    async def call(
        self,
        name: str,
        arguments_json: str,
        *,
        tenant: str,
        key: str,
        report: Callable[[Progress], None],
    ) -> ToolOutcome:
        """What a run would be told of this call.

        Raises:
            ConfigError: there is no such tool, or it cannot be run here.
        """
        tool = self._tool(name)
        asked = _asked(tool.manifest, arguments_json)
        try:
            tool.invocation.parse(arguments_json)
        except ArgumentsInvalid as error:
            return ToolFailed(call=CALL, attempt=1, kind="invalid_arguments", reason=str(error))
        context = ToolContext(
            tenant=tenant, run_id="trial", call=CALL, attempt=1, idempotency_key=key
        ).telling(report)
        try:
            async with self.runner.place(tool, tenant) as place:
                began = time.monotonic()
                ending = await place.run(tool, arguments_json, context)
        except ExecutorError as error:
            raise ConfigError(f"{name}: {error}") from None
        return outcome_of(ending, asked, tool.manifest, round((time.monotonic() - began) * 1000))

    def _tool(self, name: str) -> DeclaredTool:
        if name not in self.registry.tools:
            known = ", ".join(sorted(self.registry.tools)) or "none"
            raise ConfigError(f"there is no tool {name}; known are: {known}")
        return self.registry.tools[name]


@asynccontextmanager
async def trying(config_dir: Path) -> AsyncIterator[Trial]:
    """The tools of a folder, ready to be called.

    Raises:
        ConfigError: they cannot be loaded, or this machine cannot wall them off.
    """
    settings = Settings()
    registry = load_registry(config_dir)
    if registry.file.servers:
        await list_servers(registry, config_dir / TOOLS_FILE)
    wait_seconds = settings.lease_wait_seconds
    async with (
        brokering(registry.file) as broker,
        pooled(registry, settings) as pool,
        serving(registry, wait_seconds, _unheard, broker) as servers,
    ):
        yield Trial(registry, SandboxRunner(pool, servers, broker))


def _unheard(_: ToolManifest) -> None:
    """Whoever tries a tool wants it as it is now."""


def _asked(manifest: ToolManifest, arguments_json: str) -> ToolRequested:
    return ToolRequested(
        step=1,
        index=1,
        attempt=1,
        call_id=CALL,
        tool=manifest.name,
        manifest_sha256=manifest.sha256,
        arguments_json=arguments_json,
        arguments_sha256=sha256_hex(arguments_json.encode()),
        labels=(),
        deadline=datetime.now(UTC) + timedelta(seconds=manifest.timeout_seconds),
    )
