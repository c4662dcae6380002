"""The tools of the simulated agents, and the world that they change.

The functions are declared like any author's and never called: where they would run, the world
notes that an effect was started, and ends it well, badly, or in the middle.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from contracts.tool import ToolContext, ToolManifest, manifest_of, tool
from services.tool_executor.adapters.invocation import invocation_of
from services.tool_executor.adapters.registry import DeclaredTool, Registry
from services.tool_executor.errors import WorkersBusy
from services.tool_executor.rules import (
    Ending,
    Expired,
    Oversized,
    Raised,
    Refused,
    Returned,
    Vanished,
)

from .faults import Fault
from .oracle import Oracle
from .process import Process

EFFECT_SECONDS = 0.5
WORKERS = 4
LONG_PAGES = 0.7
LONG_PAGE_WORDS = 150


@tool(
    effect="read",
    idempotent=True,
    output_trust="internal",
    price_usd=Decimal("0.0002"),
    timeout_seconds=3,
)
async def look_up(order: int) -> str:
    """Look an order up."""
    raise NotImplementedError


@tool(effect="read", timeout_seconds=3)
async def read_page(order: int) -> str:
    """Read a page that a stranger wrote."""
    raise NotImplementedError


@tool(effect="money", idempotent=True, price_usd=Decimal("0.001"), timeout_seconds=4)
async def refund(order: int, amount: int) -> str:
    """Refund a part of an order."""
    raise NotImplementedError


@tool(effect="egress", timeout_seconds=4)
async def send_letter(order: int) -> str:
    """Send a letter: twice is twice."""
    raise NotImplementedError


@tool(effect="destructive", timeout_seconds=4)
async def delete_order(order: int) -> str:
    """Delete an order: the policy always asks a person."""
    raise NotImplementedError


FUNCTIONS = (look_up, read_page, refund, send_letter, delete_order)
REGISTRY = Registry(
    {one.__name__: DeclaredTool(manifest_of(one), invocation_of(one)) for one in FUNCTIONS}
)
MANIFESTS: dict[str, ToolManifest] = REGISTRY.manifests


@dataclass(frozen=True)
class VirtualRunner:
    """Places to run, in one process of the executor."""

    process: Process
    oracle: Oracle

    @asynccontextmanager
    async def place(
        self, tool: DeclaredTool, tenant: str | None = None
    ) -> AsyncIterator["VirtualRunner"]:
        await self.process.reach(lambda: None)
        if self.process.faults.strikes(Fault.NO_WORKER):
            raise WorkersBusy(WORKERS, 0.0)
        yield self

    async def run(self, tool: DeclaredTool, arguments_json: str, context: ToolContext) -> Ending:
        """The effect starts at one instant; before and after it the process may die."""
        manifest, strikes = tool.manifest, self.process.faults.strikes
        self.oracle.effects.begins(context, manifest)
        if strikes(Fault.TOOL_REFUSES):
            return await self.process.reach(lambda: Refused("not today"))
        await self.process.reach(lambda: self.oracle.started(context, manifest, arguments_json))
        await self.process.sleep(self.process.chance.random() * EFFECT_SECONDS)
        if strikes(Fault.TOOL_RAISES):
            return Raised("it broke")
        if strikes(Fault.TOOL_HANGS):
            await self.process.sleep(manifest.timeout_seconds)
            return Expired(manifest.timeout_seconds)
        if strikes(Fault.TOOL_VANISHES):
            return Vanished("its worker was killed")
        if strikes(Fault.TOOL_BABBLES):
            return Oversized(10**6, "bla")
        return await self.process.reach(lambda: Returned(_outcome(manifest, self.process.chance)))


def _outcome(manifest: ToolManifest, chance: Random) -> str:
    """A page may be long."""
    long = manifest.name == "read_page" and chance.random() < LONG_PAGES
    return json.dumps("la " * LONG_PAGE_WORDS if long else "done")
