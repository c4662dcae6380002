"""Run the tool executor: `python -m services.tool_executor`.

`python -m services.tool_executor manifests --out FILE` writes what a run pins, and needs no server
but those of `tools.yaml`.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path

import structlog

from contracts.pins import Pins, drift
from contracts.subjects import EXECUTOR
from contracts.tool import ToolManifest
from shared.errors import ConfigError
from shared.orders import InForce, following_orders
from shared.pins import ToolOrders, load_pins
from shared.service import Core, Service, run_service
from shared.tenant_orders import following_orders_of

from .adapters.registry import TOOLS_FILE, load_registry
from .adapters.runner import SandboxRunner
from .adapters.serving import list_servers, serving
from .adapters.workers import brokering, pooled, warm
from .desk import Desk
from .handlers import hears
from .metrics import count, watch_quarantine
from .settings import Settings

log = structlog.get_logger()


@asynccontextmanager
async def wire(core: Core, settings: Settings) -> AsyncIterator[dict[str, object]]:
    """Load the tools, start a warm worker of each kind, and follow the orders in force."""
    registry, pins = load_registry(settings.config_dir), load_pins(settings.config_dir)
    for manifest in registry.manifests.values():
        _tell_drift(manifest, pins)
    async with (
        brokering(registry.file) as broker,
        pooled(registry, settings) as pool,
        following_for(core, registry.names, settings) as orders,
    ):
        await warm(pool, registry, broker)
        told, wait_seconds = partial(_watch, pins, orders), settings.lease_wait_seconds
        async with serving(registry, wait_seconds, told, broker) as servers:
            watch_quarantine(registry.manifests.values(), pins, orders)
            yield {
                "desk": Desk(
                    registry,
                    SandboxRunner(pool, servers, broker),
                    servers=servers,
                    start_within_seconds=settings.start_within_seconds,
                    margin_seconds=settings.unknown_margin_seconds,
                    busy_pause_seconds=settings.busy_pause_seconds,
                    orders=orders,
                    pins=pins,
                )
            }


def following_for(
    core: Core, tools: Iterable[str], settings: Settings
) -> AbstractAsyncContextManager[InForce]:
    """The orders for whom it serves: one tenant, or all."""
    if settings.tenant is None:
        return following_orders(core.client, core.user, core.keyring, settings)
    return following_orders_of(
        settings.tenant, tools, core.client, core.user, core.keyring, settings
    )


def _tell_drift(manifest: ToolManifest, pins: Pins | None) -> None:
    if changed := drift(manifest, pins):
        log.warning("executor.tool_not_as_pinned", tool=manifest.name, reason=changed)


def _watch(pins: Pins | None, orders: ToolOrders, manifest: ToolManifest) -> None:
    """A server has told of a tool, for the first time or differently."""
    _tell_drift(manifest, pins)
    watch_quarantine((manifest,), pins, orders)


def write_manifests(config_dir: Path, out: Path) -> int:
    """Write the manifests of all declared tools; how many there are.

    Raises:
        ConfigError: see `load_registry` and `list_servers`.
    """
    registry = load_registry(config_dir)
    if registry.file.servers:
        asyncio.run(list_servers(registry, config_dir / TOOLS_FILE))
    file = registry.manifest_file()
    # Replaced in one step: a service that starts meanwhile reads the old ones, or the new.
    part = out.with_name(f"{out.name}.{os.getpid()}.part")
    part.write_text(file.model_dump_json(indent=2) + "\n")
    part.replace(out)
    return len(file.tools)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m services.tool_executor")
    commands = parser.add_subparsers(dest="command")
    manifests = commands.add_parser("manifests", help="write the manifests of all tools")
    manifests.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args(arguments)
    settings = Settings()
    if chosen.command is None:
        service = Service(EXECUTOR, settings, hears, wire, on_said=count, tenant=settings.tenant)
        run_service(service)
        return
    try:
        written = write_manifests(settings.config_dir, chosen.out)
    except (ConfigError, OSError) as error:
        sys.exit(str(error))
    sys.stdout.write(f"{written} tools in {chosen.out}\n")


if __name__ == "__main__":
    main()
