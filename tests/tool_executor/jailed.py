"""A jail for a test, and a tool in it that does what it is told."""

import json
from contextlib import asynccontextmanager

from contracts.tool import manifest_of
from services.tool_executor.adapters.invocation import invocation_of
from services.tool_executor.adapters.jail import Jail
from services.tool_executor.adapters.kinds import WorkerKind
from services.tool_executor.adapters.pool import WorkerPool
from services.tool_executor.adapters.process import WorkerLimits, WorkerProcess
from services.tool_executor.adapters.registry import DeclaredTool
from services.tool_executor.adapters.runner import SandboxRunner
from services.tool_executor.rules import Returned
from tests.tool_executor import hostile_tools
from tests.tool_executor.calling import CONTEXT

LIMITS = WorkerLimits(
    start_seconds=30.0,
    memory_bytes=512 << 20,
    cpu_seconds=10,
    open_files=64,
    file_bytes=4 << 20,
    egress_bytes=1 << 20,
)


@asynccontextmanager
async def jailed(workers=1):
    jail = Jail.found()

    def start(kind: WorkerKind):
        return WorkerProcess.start((), LIMITS, kind, jail)

    pool = WorkerPool(start, workers=workers, calls_per_worker=100, wait_seconds=30.0)
    try:
        yield SandboxRunner(pool)
    finally:
        await pool.close()


def hostile(hosts=(), **changes) -> DeclaredTool:
    manifest = manifest_of(hostile_tools.attempt).model_copy(update=changes)
    return DeclaredTool(manifest, invocation_of(hostile_tools.attempt), hosts=hosts)


async def attempt(runner, code: str, **changes):
    tool = hostile(**changes)
    async with runner.place(tool) as place:
        return await place.run(tool, json.dumps({"code": code}), CONTEXT)


async def said(code: str, **changes) -> str:
    async with jailed() as runner:
        ending = await attempt(runner, code, **changes)
    assert isinstance(ending, Returned), ending
    return json.loads(ending.output_json)
