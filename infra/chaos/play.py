"""One play: runs and kills at once, the wait for the last run, and the judgement."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

import asyncpg

from contracts.envelope import Fact
from contracts.shape import Body
from shared.errors import LogUnavailable

from .books import Books, read_books
from .evidence import write_evidence
from .healing import Healing, still_down, unhealed
from .killer import impossible_here
from .plan import blows
from .recovery import recoveries, restarts, unknown_waits
from .result import ChaosResult, Spread, counted, named
from .single import kill_singly
from .stage import REPLICAS, ChaosOptions, Progress, Stage, stage_of
from .unsettled import unsettled
from .verdict import Story, is_told, judge

# For so long a run keeps its slot. It may end later, and is not lost for it.
RUN_PATIENCE_SECONDS = 120.0
STORIES_AT_ONCE = 32
# After the last kill. What has no end by then is lost.
LAST_WAIT_SECONDS = 180.0
SETTLE_SECONDS = 60.0
# Longer than a claim, the time limit of a tool, the grace and a sweep together.
TOLD_WAIT_SECONDS = 150.0
LOOK_SECONDS = 1.0
READ_TRIES = 10
EVIDENCE_FILE = "evidence.jsonl"


async def play(options: ChaosOptions, progress: Progress) -> ChaosResult:
    """Start everything, let it happen, and judge it.

    Raises:
        PlatformError: something did not start.
        LogUnavailable: the log could not be read in the end.
    """
    began = time.monotonic()
    async with stage_of(options, progress) as stage:
        acknowledged = await _under_fire(stage, options, progress)
        acknowledged |= await kill_singly(stage, options, progress)
        progress.doing = "waiting for the last runs"
        waits = (stage.log.ended(run, LAST_WAIT_SECONDS) for run in acknowledged)
        await asyncio.gather(*waits)
        progress.doing = "waiting for the money to settle"
        books = await _settled_books(stage.platform.places.postgres_dsn)
        progress.doing = "reading the log"
        stories = await _told_stories(stage, acknowledged)
        left = await unsettled(stage.client)
        return await _judge(stage, options, stories, books, left, time.monotonic() - began)


async def _under_fire(stage: Stage, options: ChaosOptions, progress: Progress) -> dict[str, bool]:
    """Every run has its time while the killer is at work; whether each was acknowledged."""
    progress.doing = "runs and kills"
    progress.kills = lambda: len(stage.killer.strikes)
    kinds = [kind for kind in options.kinds if impossible_here(kind) is None]
    processes = stage.platform.options.processes
    plan = blows(options.seed, kinds, options.kills_per_minute, processes)
    slots = asyncio.Semaphore(options.concurrency)
    acknowledged: dict[str, bool] = {}

    async def one(number: int) -> None:
        run_id = f"chaos-{options.seed}-{number}"
        async with slots:
            acknowledged[run_id] = await stage.log.submit(run_id, number)
            await stage.canceller.may_cancel(run_id, number)
            await stage.log.ended(run_id, RUN_PATIENCE_SECONDS)
        progress.ended += 1

    async with asyncio.TaskGroup() as together:
        killing = together.create_task(stage.killer.strike(plan), name="killer")
        runs = [together.create_task(one(number)) for number in range(1, options.runs + 1)]
        await asyncio.wait(runs)
        killing.cancel()
    return acknowledged


async def _settled_books(dsn: str) -> Books:
    """The books, once no money is held any more, or our patience is over."""
    gives_up_at = time.monotonic() + SETTLE_SECONDS
    while True:
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            books = await read_books(dsn)
            if not books.holds_open or time.monotonic() > gives_up_at:
                return books
        await asyncio.sleep(LOOK_SECONDS)


async def _told_stories(stage: Stage, acknowledged: Mapping[str, bool]) -> list[Story]:
    """All runs, a few at a time: what comes faster than a client takes it, the client drops."""
    places = asyncio.Semaphore(STORIES_AT_ONCE)

    async def one(run_id: str, taken: bool) -> Story:
        async with places:
            return await _told_story(stage, run_id, taken)

    return await asyncio.gather(*(one(*each) for each in acknowledged.items()))


async def _told_story(stage: Stage, run_id: str, taken: bool) -> Story:
    """A run, once something was said of all that it had begun, or our patience is over.

    A run that was cancelled is over before that.
    """
    gives_up_at = time.monotonic() + TOLD_WAIT_SECONDS
    while True:
        story = await _story(stage, run_id, taken)
        if is_told(story) or time.monotonic() > gives_up_at:
            return story
        await asyncio.sleep(LOOK_SECONDS)


async def _story(stage: Stage, run_id: str, taken: bool) -> Story:
    for _ in range(READ_TRIES):
        with suppress(LogUnavailable):
            return Story(run_id, taken, await stage.log.facts(run_id))
        await asyncio.sleep(LOOK_SECONDS)
    return Story(run_id, taken, await stage.log.facts(run_id))


async def _judge(
    stage: Stage,
    options: ChaosOptions,
    stories: Sequence[Story],
    books: Books,
    left: dict[str, int],
    seconds: float,
) -> ChaosResult:
    charges = await stage.counter.all()
    verdict = judge(stories, charges, books)
    facts: list[Fact[Body]] = [fact for story in stories for fact in story.facts]
    strikes = stage.killer.strikes
    recovered = recoveries(strikes, stage.hands.seen, facts)
    write_evidence(options.home / EVIDENCE_FILE, strikes, recovered)
    healing = Healing.of(recovered)
    return ChaosResult(
        runs=len(stories),
        completed=verdict.completed,
        failed_by_rule=dict(verdict.failed_by_rule),
        cancelled=verdict.cancelled,
        lost=len(verdict.lost),
        duplicated=len(verdict.duplicated),
        overspent=len(verdict.overspent),
        unknown_unasked=len(verdict.unknown_unasked),
        contradicted=len(verdict.contradicted),
        unknown_asked=verdict.unknown_asked,
        unknown_retried=verdict.unknown_retried,
        unknown_settled_late=verdict.unknown_settled_late,
        charges=len(charges),
        holds_open=books.holds_open,
        budgets_unbalanced=books.budgets_unbalanced,
        kills=counted([strike.kind for strike in strikes]),
        kills_not_possible={
            kind: reason for kind in options.kinds if (reason := impossible_here(kind))
        },
        recover_seconds_p50=healing.single.p50,
        recover_seconds_p99=healing.single.p99,
        recover_seconds_max=healing.single.max,
        recover_samples=healing.single.count,
        recover_kills=sum(strike.is_single for strike in strikes),
        recover_by_service=healing.by_service,
        recover_under_fire=healing.under_fire,
        unrecovered=len(healing.never) + sum(left.values()),
        mid_effect_unknown_seconds=Spread.of(unknown_waits(recovered, facts)),
        restart_seconds=Spread.of(restarts(strikes)),
        durability=options.durability.value,
        replicas=REPLICAS,
        concurrency=options.concurrency,
        seconds=round(seconds, 1),
        seed=options.seed,
        found=[
            *named(verdict, len(charges)),
            *unhealed(healing, left, options.recoveries),
            *still_down(strikes),
        ],
    )
