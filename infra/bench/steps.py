"""Durable steps a second, and what a step adds: an instant model, an instant tool, every layer on.

A step is one model call and one tool call with all their facts: funded, claimed, cleared, settled,
signed and projected. Runs are submitted by a plain NATS client; ends are heard on the log.
"""

import asyncio
import contextlib
import json
import statistics
import time
from dataclasses import asdict, dataclass
from itertools import count

import psutil
from nats.aio.client import Client
from nats.aio.msg import Msg

from contracts.subjects import PRODUCER, RUNS
from infra.dev.platform import DevPlatform

from .bare import BareResult, measure_bare

TENANT = "bench"
TOKENS_BEFORE_TYPE = 3  # run.<tenant>.<run_id>.<noun>.<verb>
RUN_TIMEOUT_SECONDS = 300.0


@dataclass(frozen=True)
class StepsResult:
    """The first figure of the platform."""

    suite: str
    durability: str
    steps_per_second: float
    added_ms_per_step_p50: float
    cpu_ms_per_step: float
    bytes_per_step: float
    facts_per_step: float
    bare_steps_per_second: float
    bare_cpu_ms_per_step: float
    of_bare_chain: float
    cpu_times_bare_chain: float
    cpu_ms_per_step_by_process: dict[str, float]
    runs: int
    steps_per_run: int
    concurrent_runs: int

    def as_json(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True)
class Load:
    """How much work: `alone` runs one after the other, then `together` at once."""

    steps: int
    alone: int
    together: int


@dataclass(frozen=True)
class Meter:
    """A reading of what the platform has used so far."""

    moment: float
    cpu_seconds: dict[str, float]
    log_bytes: int
    log_facts: int


class Ends:
    """Hears the ends of runs."""

    def __init__(self, tenant: str = TENANT) -> None:
        self._tenant = tenant
        self._waiting: dict[str, asyncio.Future[str]] = {}

    async def listen(self, client: Client) -> None:
        await client.subscribe(f"run.{self._tenant}.*.run.*", cb=self._on_message)

    def expect(self, run_id: str) -> asyncio.Future[str]:
        self._waiting[run_id] = asyncio.get_running_loop().create_future()
        return self._waiting[run_id]

    async def _on_message(self, message: Msg) -> None:
        tokens = message.subject.split(".")
        waiting = self._waiting.get(tokens[2])
        verb = tokens[TOKENS_BEFORE_TYPE + 1]
        if waiting is not None and not waiting.done() and verb in ("completed", "failed"):
            waiting.set_result(verb)


async def measure_steps(platform: DevPlatform, load: Load) -> StepsResult:
    """Run the load and take the readings."""
    client = await platform.connect(PRODUCER)
    infra = await platform.connect()
    ends = Ends()
    await ends.listen(client)
    submit = Submitter(client, ends, load.steps)
    try:
        await submit.run()  # caches warm, imports done
        alone = [await submit.timed() for _ in range(load.alone)]
        before = await read_meter(platform, infra)
        await asyncio.gather(*(submit.run() for _ in range(load.together)))
        after = await read_meter(platform, infra)
        server = platform.supervisor.pid("nats")
        assert server is not None, "the platform runs"
        bare = await measure_bare(infra, server, load.together, load.steps)
    finally:
        await client.close()
        await infra.close()
    return _result(platform, load, alone, before, after, bare)


class Submitter:
    """Submits runs and waits for their ends."""

    def __init__(self, client: Client, ends: Ends, steps: int) -> None:
        self._client = client
        self._ends = ends
        self._steps = steps
        self._numbers = count(1)
        self._prefix = f"b{time.time_ns():x}"

    async def run(self) -> None:
        run_id = f"{self._prefix}-{next(self._numbers)}"
        end = self._ends.expect(run_id)
        body = json.dumps({"agent": "bench", "input": f"steps={self._steps}"}).encode()
        await self._client.publish(f"run.{TENANT}.{run_id}.task.submitted", body)
        verb = await asyncio.wait_for(end, RUN_TIMEOUT_SECONDS)
        if verb != "completed":
            raise RuntimeError(f"run {run_id} {verb}; see `interlock runs show {run_id}`")

    async def timed(self) -> float:
        """Milliseconds a step of one run that has the platform to itself."""
        started = time.perf_counter()
        await self.run()
        return (time.perf_counter() - started) * 1000 / self._steps


async def read_meter(platform: DevPlatform, infra: Client) -> Meter:
    state = (await infra.jetstream().stream_info(RUNS)).state
    return Meter(time.perf_counter(), _cpu_seconds(platform), state.bytes, state.messages)


def _cpu_seconds(platform: DevPlatform) -> dict[str, float]:
    """User and system time of every process of the platform, with what it started."""
    used = {}
    for name in (*platform.options.services, "nats", "postgres"):
        pid = platform.supervisor.pid(name)
        if pid is None:
            continue
        # What ends while it is looked at has spent what nobody can read any more.
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            family = [process, *process.children(recursive=True)]
            used[name] = sum(sum(each.cpu_times()[:4]) for each in family)
    return used


def _result(
    platform: DevPlatform,
    load: Load,
    alone: list[float],
    before: Meter,
    after: Meter,
    bare: BareResult,
) -> StepsResult:
    steps = load.together * load.steps
    rate = steps / (after.moment - before.moment)
    by_process = {
        name: round((seconds - before.cpu_seconds.get(name, 0.0)) * 1000 / steps, 3)
        for name, seconds in after.cpu_seconds.items()
    }
    cpu_ms = sum(by_process.values())
    return StepsResult(
        suite="steps",
        durability=platform.options.durability.value,
        steps_per_second=round(rate, 1),
        added_ms_per_step_p50=round(statistics.median(alone), 2),
        cpu_ms_per_step=round(cpu_ms, 2),
        bytes_per_step=round((after.log_bytes - before.log_bytes) / steps, 1),
        facts_per_step=round((after.log_facts - before.log_facts) / steps, 2),
        bare_steps_per_second=bare.steps_per_second,
        bare_cpu_ms_per_step=bare.cpu_ms_per_step,
        of_bare_chain=round(rate / bare.steps_per_second, 3),
        cpu_times_bare_chain=round(cpu_ms / bare.cpu_ms_per_step, 1),
        cpu_ms_per_step_by_process=by_process,
        runs=load.together,
        steps_per_run=load.steps,
        concurrent_runs=load.together,
    )
