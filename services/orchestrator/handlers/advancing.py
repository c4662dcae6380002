"""Hear anything of a run: fold it, decide, append; again until nothing is missing."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import structlog
from faststream import Context

from contracts.control import (
    InputSubmitted,
    RunCancelRequested,
    RunParentEnded,
    RunParentPaused,
    RunParentResumed,
    RunPaused,
    RunPauseRequested,
    RunResumed,
    RunResumeRequested,
)
from contracts.envelope import Fact
from contracts.guardrail import (
    AnswerBlocked,
    AnswerCleared,
    InputBlocked,
    InputCleared,
    ResultBlocked,
    ResultCleared,
    TaskBlocked,
    TaskCleared,
    ToolBlocked,
    ToolEscalated,
)
from contracts.history import Run, fold
from contracts.history.lineage import lacks_ancestor
from contracts.model import ModelAttemptRequested, ModelFailed, ModelRequested, ModelResponded
from contracts.money import ModelUnfunded
from contracts.review import ReviewAnswered, ReviewDecided, ReviewEscalated, ReviewRequested
from contracts.run import RunQueued, RunStarted
from contracts.shape import Body, later
from contracts.subjects import ENDS
from contracts.task import (
    TaskDelegated,
    TaskPutToCheck,
    TaskPutToJudge,
    TaskScheduled,
    TaskSubmitted,
)
from contracts.tool import ToolRequested, ToolUnknown
from services.orchestrator.adapters.timers import WAKE
from services.orchestrator.handlers.desk import Desk, hears
from services.orchestrator.handlers.kin import abreast, kin_of, look_after
from services.orchestrator.rules import Move, Say, decide, next_wake, retry_moments
from services.orchestrator.rules.admission import Waiter
from services.orchestrator.rules.moves import NO_KIN
from services.orchestrator.rules.versions import foreign_rules
from shared.bus import Bus, Heard
from shared.errors import Again, LogError, Stale

log = structlog.get_logger()

# Where a run stands: what an operator follows in the logs. Everything else is a fact already.
FOLLOWED = frozenset(
    {
        *("run.queued", "run.started", "run.paused", "run.resumed"),
        *("review.requested", "review.escalated", "review.decided"),
        *ENDS,
    }
)

# After these the next moment to look at the run is another one.
CHANGES_WAKE = (
    RunQueued,
    RunStarted,
    ReviewRequested,
    ReviewEscalated,
    ReviewDecided,
    RunPaused,
    RunResumed,
)
# After these it may come before the sweep. If it does not, the timer that is set will do.
MAY_BE_DUE_SOON = (ModelRequested, ToolRequested)
# Schedules have whole seconds: what differs by less is the same timer.
TIMER_SECONDS = 1.0


@hears(
    TaskSubmitted,
    TaskDelegated,
    TaskPutToJudge,
    TaskPutToCheck,
    TaskScheduled,
    TaskCleared,
    TaskBlocked,
    ModelAttemptRequested,
    ModelResponded,
    ModelFailed,
    ModelUnfunded,
    ToolBlocked,
    ToolEscalated,
    ToolUnknown,
    ResultCleared,
    ResultBlocked,
    ReviewAnswered,
    AnswerCleared,
    AnswerBlocked,
    InputSubmitted,
    InputCleared,
    InputBlocked,
    RunCancelRequested,
    RunPauseRequested,
    RunResumeRequested,
    RunParentEnded,
    RunParentPaused,
    RunParentResumed,
)
async def advance(
    heard: Heard[Body], bus: Annotated[Bus, Context()], desk: Annotated[Desk, Context()]
) -> None:
    """Whatever was heard is only a wake-up."""
    run = await settle(await bus.run(heard), bus, desk)
    # A retry that waits is decided by nobody's fact: its timer is set here. And whoever had this
    # before may have started the run, or asked a person, and then stopped before its timer was
    # set: nothing else would ever set it.
    if heard.delivery > 1 or any(retry_moments(run)):
        await arm(run, bus, desk)


async def wake(tenant: str, run_id: str, bus: Bus, desk: Desk) -> None:
    """A timer fired: decide, and be woken again while the run is open."""
    run = await bus.read(tenant, run_id)
    if not run.last_sequence:
        # Only what was submitted has a timer, so a replica of the log lags behind.
        log.warning("orchestrator.woken_for_nothing", tenant=tenant, run_id=run_id)
        at = later(bus.clock.now(), desk.sweep_seconds)
        await desk.timers.wake(tenant, run_id, at)
        return
    run = await settle(run, bus, desk)
    await look_after(run, bus)
    if run.queued is not None and run.started is None and desk.admission is not None:
        await admit(await desk.admission.reclaim(run, bus), bus, desk)
    await arm(run, bus, desk)


async def admit(waiters: Iterable[Waiter], bus: Bus, desk: Desk) -> None:
    """Start the runs that have got a place. One that cannot be started now wakes soon."""
    for one in waiters:
        try:
            await settle(await bus.read(one.tenant, one.run_id), bus, desk)
        except LogError:
            log.warning("orchestrator.not_woken", tenant=one.tenant, run_id=one.run_id)
            await desk.timers.wake(one.tenant, one.run_id, bus.clock.now())


async def settle(run: Run, bus: Bus, desk: Desk) -> Run:
    """Decide and append until nothing is missing. Losing an append means deciding again.

    Gives the run as it is then.

    Raises:
        Again: others keep moving the run; the wake-up comes back.
    """
    has_asked = False
    for _ in range(desk.rounds):
        now = bus.clock.now()
        run = await abreast(run, bus, now)
        kin = await kin_of(run, bus, desk)
        has_asked = has_asked or kin is not NO_KIN
        if lacks_ancestor(run):
            # It has just been started, here or by whoever folds the same run in this process.
            run = await bus.read(run.tenant, run.run_id)
            continue
        moves = decide(run, now, desk.book, kin)
        if not moves:
            if has_asked and run.end is not None:
                await _give_back(run, bus, desk)
            return run
        if not await _make(moves, run, now, bus, desk):
            run = await bus.read(run.tenant, run.run_id)
            if any(isinstance(move.body, CHANGES_WAKE) for move in moves):
                # It may lie there all the same, and its acknowledgement be lost.
                await arm(run, bus, desk)
        if any(isinstance(move.body, MAY_BE_DUE_SOON) for move in moves):
            await _arm_before_sweep(run, bus, desk)
    raise Again(f"the run moved {desk.rounds} times while it was decided upon")


async def _give_back(run: Run, bus: Bus, desk: Desk) -> None:
    """Of a run that ended while it asked: its end was heard before it had a place to give back."""
    if desk.admission is None:
        return
    for one in await desk.admission.give_back(run):
        # By a timer: each that ends at its start gives its place to the next, as deep as the queue.
        await desk.timers.wake(one.tenant, one.run_id, bus.clock.now())


async def arm(run: Run, bus: Bus, desk: Desk) -> None:
    """Set the timer that brings the run back."""
    at = next_wake(run, bus.clock.now(), desk.sweep_seconds)
    if at is None:
        return
    waits = run.queued is not None and run.started is None
    let_in = desk.admission.let_in_at(run) if waits and desk.admission is not None else None
    await desk.timers.wake(
        run.tenant, run.run_id, min(at, let_in or at), foreign_rules(run) or WAKE
    )


async def _make(moves: tuple[Move, ...], run: Run, now: datetime, bus: Bus, desk: Desk) -> bool:
    """Make the moves in order; False as soon as the run is not the one they were decided for."""
    decided_at = run.last_sequence
    for move in moves:
        if run.last_sequence != decided_at:
            return False
        if not isinstance(move, Say):
            await bus.claim(move.cause, move.body)
            # The claim is a fact of the run too, whoever won it.
            return False
        try:
            fact = await bus.append(run, move.cause_id, move.body, now)
        except Stale:
            return False
        _note(fact)
        fold([fact], onto=run)
        if run.last_sequence > fact.sequence:
            # While its acknowledgement was on its way, another handler folded more into the run.
            return False
        decided_at = fact.sequence
        if isinstance(move.body, CHANGES_WAKE):
            await arm(run, bus, desk)
    return True


async def _arm_before_sweep(run: Run, bus: Bus, desk: Desk) -> None:
    """An open run has a timer already, and that of the sweep at the latest."""
    now = bus.clock.now()
    at = next_wake(run, now, desk.sweep_seconds)
    if at is not None and later(at, TIMER_SECONDS) < later(now, desk.sweep_seconds):
        await desk.timers.wake(run.tenant, run.run_id, at)


def _note(fact: Fact[Body]) -> None:
    if fact.type in FOLLOWED:
        log.info("orchestrator.said", said=fact.type, tenant=fact.tenant, run_id=fact.run_id)
