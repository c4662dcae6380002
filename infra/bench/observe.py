"""What the record costs: the same steps with every signal on, and with none.

Two platforms stand side by side and take turns, so that whatever else the machine does falls on
both. One has telemetry and projection: the observer, traces, metrics and logs by OTLP to a receiver
that keeps nothing. The other has neither observer nor SDK. Only a platform's own processes count.

Then the observer of the second is started for the first time, on all that it has missed: that is
how fast it projects. Last, lists are asked for over a great many runs.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import asyncpg
from nats.aio.client import Client
from nats.js import JetStreamContext

from contracts.hearings import HEARINGS
from contracts.subjects import OBSERVER, PRODUCER, RUNS
from infra.dev.assembly import START_ORDER
from infra.dev.platform import DevOptions, DevPlatform, Tell
from infra.platform.child import ChildEvent
from infra.platform.home import Home
from infra.platform.nats import Durability

from .rows import fill, queries
from .sink import Sink, sink
from .steps import Ends, Load, Submitter, read_meter

CATCH_UP_SECONDS = 300.0
LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Rounds:
    """How much is measured: pairs of turns, and the runs that lists are asked over."""

    pairs: int
    load: Load
    runs_projected: int
    questions: int


@dataclass(frozen=True)
class ObserveResult:
    """Ratios are medians over the pairs."""

    suite: str
    durability: str
    cpu_ratio: float
    cpu_ratios: list[float]
    cpu_ms_per_step_with: float
    cpu_ms_per_step_without: float
    cpu_ms_per_step_with_by_process: Mapping[str, float]
    cpu_ms_per_step_without_by_process: Mapping[str, float]
    exported_bytes_per_step: float
    projector_facts_per_second: float
    runs_projected: int
    query_ms_p50: float
    query_ms_p95: float
    query_ms_p95_by_name: Mapping[str, float]

    def as_json(self) -> dict[str, object]:
        return asdict(self)


@dataclass
class _Side:
    """One of the two platforms, and what its steps cost in each turn."""

    platform: DevPlatform
    infra: Client
    submit: Submitter
    hearing: tuple[str, ...]
    cpu_ms: list[float]
    cpu_ms_of: dict[str, list[float]]

    async def turn(self, load: Load) -> None:
        before = await read_meter(self.platform, self.infra)
        await asyncio.gather(*(self.submit.run() for _ in range(load.together)))
        # What is still to be done for these steps is theirs too.
        for durable in self.hearing:
            await _left(self.infra.jetstream(), durable, below=1)
        after = await read_meter(self.platform, self.infra)
        steps = load.together * load.steps
        spent = {
            name: (seconds - before.cpu_seconds.get(name, 0.0)) * 1000 / steps
            for name, seconds in after.cpu_seconds.items()
        }
        self.cpu_ms.append(sum(spent.values()))
        for name, each in spent.items():
            self.cpu_ms_of.setdefault(name, []).append(each)

    def medians(self) -> dict[str, float]:
        """What a step costs in each process, in milliseconds."""
        return {name: round(statistics.median(each), 2) for name, each in self.cpu_ms_of.items()}


async def measure_observe(durability: Durability, rounds: Rounds, tell: Tell) -> ObserveResult:
    """Both platforms, turn by turn, then the backlog, then the questions."""
    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(sink())
        signals = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
        on = await stack.enter_async_context(
            _side(durability, START_ORDER, signals, rounds.load.steps, tell)
        )
        silent = tuple(name for name in START_ORDER if name != OBSERVER)
        off = await stack.enter_async_context(
            _side(durability, silent, {"OTEL_SDK_DISABLED": "true"}, rounds.load.steps, tell)
        )
        for number in range(rounds.pairs):
            first, second = (on, off) if number % 2 else (off, on)
            await first.turn(rounds.load)
            await second.turn(rounds.load)
            tell(f"pair {number + 1} of {rounds.pairs}: {on.cpu_ms[-1] / off.cpu_ms[-1]:.3f}")
        pace = await _backlog(off, tell)
        tell(f"asking over {rounds.runs_projected} runs")
        asked = await _questions(on.platform.places.postgres_dsn, rounds)
    return _result(durability, rounds, on, off, receiver, pace, asked)


@asynccontextmanager
async def _side(
    durability: Durability,
    services: tuple[str, ...],
    extra_env: Mapping[str, str],
    steps: int,
    tell: Tell,
) -> AsyncIterator[_Side]:
    with tempfile.TemporaryDirectory(prefix="interlock-bench-") as folder:
        options = DevOptions(
            Home(Path(folder)),
            durability=durability,
            console_port=0,
            nats_port=0,
            services=services,
            extra_env=extra_env,
        )
        async with DevPlatform.running(options, tell, _on_event) as platform:
            client, infra = await platform.connect(PRODUCER), await platform.connect()
            ends = Ends()
            await ends.listen(client)
            hearing = tuple(one.durable for one in HEARINGS if one.service in services)
            side = _Side(platform, infra, Submitter(client, ends, steps), hearing, [], {})
            await side.submit.run()  # caches warm, imports done
            yield side
            await client.close()
            await infra.close()


async def _backlog(side: _Side, tell: Tell) -> float:
    """Facts a second of an observer that begins with everything before it."""
    engine = side.infra.jetstream()
    facts = (await engine.consumer_info(RUNS, OBSERVER)).num_pending or 0
    tell(f"projecting a backlog of {facts} facts")
    starting = asyncio.create_task(side.platform.start_service(OBSERVER))
    await _left(engine, OBSERVER, below=facts)
    started = time.perf_counter()
    begun = (await engine.consumer_info(RUNS, OBSERVER)).num_pending or 0
    await _left(engine, OBSERVER, below=1)
    seconds = time.perf_counter() - started
    await starting
    return begun / seconds


async def _left(engine: JetStreamContext, durable: str, below: int) -> None:
    """Wait until a consumer has fewer facts than that unheard or unacknowledged."""
    async with asyncio.timeout(CATCH_UP_SECONDS):
        while True:
            told = await engine.consumer_info(RUNS, durable)
            if (told.num_pending or 0) + (told.num_ack_pending or 0) < below:
                return
            await asyncio.sleep(LOOK_SECONDS)


def _on_event(_: ChildEvent) -> None:
    """A crash shows as a run that does not end."""


async def _questions(dsn: str, rounds: Rounds) -> dict[str, list[float]]:
    """Milliseconds of each kind of list, asked again and again over many runs."""
    asked: dict[str, list[float]] = {}
    async with asyncpg.create_pool(dsn, min_size=1, max_size=2) as pool:
        await fill(pool, rounds.runs_projected)
        for name, ask in queries(pool).items():
            asked[name] = [await _timed(ask) for _ in range(rounds.questions)]
    return asked


async def _timed(ask: Callable[[], Awaitable[object]]) -> float:
    started = time.perf_counter()
    await ask()
    return (time.perf_counter() - started) * 1000


def _result(
    durability: Durability,
    rounds: Rounds,
    on: _Side,
    off: _Side,
    receiver: Sink,
    pace: float,
    asked: Mapping[str, list[float]],
) -> ObserveResult:
    ratios = [one / other for one, other in zip(on.cpu_ms, off.cpu_ms, strict=True)]
    every = [each for times in asked.values() for each in times]
    steps = rounds.pairs * rounds.load.together * rounds.load.steps
    return ObserveResult(
        suite="observe",
        durability=durability.value,
        cpu_ratio=round(statistics.median(ratios), 3),
        cpu_ratios=[round(one, 3) for one in ratios],
        cpu_ms_per_step_with=round(statistics.median(on.cpu_ms), 2),
        cpu_ms_per_step_without=round(statistics.median(off.cpu_ms), 2),
        cpu_ms_per_step_with_by_process=on.medians(),
        cpu_ms_per_step_without_by_process=off.medians(),
        exported_bytes_per_step=round(receiver.bytes / steps, 1),
        projector_facts_per_second=round(pace, 1),
        runs_projected=rounds.runs_projected,
        query_ms_p50=round(statistics.median(every), 2),
        query_ms_p95=round(_p95(every), 2),
        query_ms_p95_by_name={name: round(_p95(times), 2) for name, times in asked.items()},
    )


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20, method="inclusive")[-1]
