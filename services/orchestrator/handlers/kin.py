"""The other runs that a run depends on: what it starts from, who waits for whose end, and how."""

from datetime import datetime

import structlog

from contracts.control import RunParentResumed
from contracts.guardrail import TaskCleared
from contracts.history import Run
from services.orchestrator.handlers.desk import Desk
from services.orchestrator.rules import Kin
from services.orchestrator.rules.admission import ADMITTED, Answer
from services.orchestrator.rules.children import called_off, open_children, outcome
from services.orchestrator.rules.moves import NO_KIN
from services.orchestrator.rules.standing import is_news, parent_stands, untold_waits
from services.orchestrator.rules.timing import deadline
from shared.bus import Bus
from shared.errors import LineageBroken

log = structlog.get_logger()


async def kin_of(run: Run, bus: Bus, desk: Desk) -> Kin:
    """Read what a start is decided by; a run that has started carries its own copy of it."""
    if not is_starting(run):
        return NO_KIN
    return Kin(
        parent=await _caller(run, bus),
        grown_from=await _grown_from(run, bus),
        admission=await _admission(run, bus, desk),
    )


async def _caller(run: Run, bus: Bus) -> Run | None:
    """The run that called it: if that had ended when this one was submitted, its end is seen.

    If it ends later, whoever hears that finds this one submitted, and calls it off.
    """
    assert run.submitted is not None, "what starts was submitted"
    parent_id = parent_of(run)
    if parent_id is None:
        return None
    return await bus.read(run.tenant, parent_id, as_of=run.submitted.sequence)


async def _grown_from(run: Run, bus: Bus) -> Run | None:
    """The run that it continues or forks, if it is all there: as of when this one was submitted."""
    assert run.submitted is not None, "what starts was submitted"
    task = run.submitted.body
    named = task.continues if task.fork is None else task.fork.run_id
    if named is None:
        return None
    try:
        return await bus.read(run.tenant, named, as_of=run.submitted.sequence)
    except LineageBroken as error:
        log.warning("orchestrator.lineage_broken", run_id=run.run_id, reason=error.reason)
        return None


async def _admission(run: Run, bus: Bus, desk: Desk) -> Answer:
    if desk.admission is None or _stands_still(run, desk):
        return ADMITTED
    answer, others = await desk.admission.ask(run)
    for one in others:
        # They have a place now, and look for it when they wake.
        await desk.timers.wake(one.tenant, one.run_id, bus.clock.now())
    return answer


def _stands_still(run: Run, desk: Desk) -> bool:
    """Whether the run would not start now, so that a place would be lost on it."""
    assert run.submitted is not None, "what starts was submitted"
    orders = desk.book.orders.covering(run.tenant, run.submitted.body.agent)
    ordered = any(order.state != "running" for order in orders)
    return ordered or run.pause is not None or run.is_asked_to_pause


def is_starting(run: Run) -> bool:
    """Whether the next thing that the run needs is its start."""
    cleared = run.verdict is not None and isinstance(run.verdict.body, TaskCleared)
    called_off = run.cancel is not None or run.parent_ended is not None
    return cleared and run.started is None and run.end is None and not called_off


async def abreast(run: Run, bus: Bus, now: datetime) -> Run:
    """The run with what it must know of its kin before it starts, or is given up as late."""
    assert run.submitted is not None or run.started is None, "what has started was submitted"
    ends = deadline(run)
    if ends is not None and now >= ends and run.end is None and list(open_children(run)):
        # What they wait for may not have been passed on yet.
        await _gather_waits(run, bus)
    elif is_starting(run) and (parent_id := parent_of(run)) is not None:
        assert run.submitted is not None, "what starts was submitted"
        parent = await bus.read(run.tenant, parent_id, as_of=run.submitted.sequence)
        if not await _tell_child(run, parent, bus):
            return run
    else:
        return run
    return await bus.read(run.tenant, run.run_id)


async def look_after(run: Run, bus: Bus) -> None:
    """Say to parent and children what they wait for, if nobody has.

    Ends and waits are told as soon as they are heard. This is for one that was read too early: from
    a replica of the log that lagged behind.
    """
    parent_id = parent_of(run)
    if parent_id is not None and run.parent_ended is None and run.end is None:
        parent = await bus.read(run.tenant, parent_id)
        if parent.end is not None:
            await _call_off(run, parent, bus)
        else:
            await _tell_child(run, parent, bus)
    for child_id in [] if run.end is not None else list(open_children(run)):
        child = await bus.read(run.tenant, child_id)
        await tell_parent(child, bus)
        await tell_waits(child, bus)


async def tell_parent(child: Run, bus: Bus) -> None:
    """The end of a run that answers a call is the outcome of that call."""
    parent_id = parent_of(child)
    if parent_id is None or child.end is None:
        return
    parent = await bus.read(child.tenant, parent_id, as_of=child.end.sequence)
    # After the outcome nobody listens to what it waited for.
    await _say_waits(parent, child, bus)
    told = outcome(parent, child)
    if told is not None:
        cause, body = told
        fact = await bus.say(cause, body)
        log.info("orchestrator.child_ended", said=fact.type, child=child.run_id, call=body.call)
        # The run that called the parent may have waited for this one too.
        parent = await bus.read(child.tenant, parent_id, as_of=fact.sequence)
        if parent.child_waits:
            await tell_waits(parent, bus)


async def tell_waits(child: Run, bus: Bus) -> None:
    """While a run that answers a call stands still, so does the clock of its parent."""
    parent_id = parent_of(child)
    if parent_id is None:
        return
    parent = await bus.read(child.tenant, parent_id, as_of=child.last_sequence)
    await _say_waits(parent, child, bus)


async def _say_waits(parent: Run, child: Run, bus: Bus) -> None:
    # A run is folded in place, and what is said here may be folded meanwhile.
    for wait in list(untold_waits(parent, child)):
        began = wait.known or await bus.say(wait.cause, wait.began)
        if wait.ended is not None:
            await bus.say(began, wait.ended)
        log.info("orchestrator.child_waits", child=child.run_id, over=wait.ended is not None)


async def tell_children(parent: Run, bus: Bus) -> None:
    """The open children of a run stand still with it. One not submitted yet finds out."""
    stands = parent_stands(parent)
    for child_id in [] if stands is None or parent.end is not None else list(open_children(parent)):
        child = await bus.read(parent.tenant, child_id, as_of=parent.last_sequence)
        if stands is not None and is_news(child, stands):
            assert child.submitted is not None, "only what is submitted has news"
            await bus.say(child.submitted, stands)


async def call_off_children(parent: Run, bus: Bus) -> None:
    """Tell the open children of a run that is over. One that is not submitted yet finds out."""
    assert parent.end is not None, "only an end calls off"
    for child_id in list(open_children(parent)):
        child = await bus.read(parent.tenant, child_id, as_of=parent.end.sequence)
        # Nothing may lie under an id that is not submitted yet: its submission is a create.
        if child.submitted is not None and child.end is None and child.parent_ended is None:
            await _call_off(child, parent, bus)


def parent_of(run: Run) -> str | None:
    """The run that called this one."""
    task = run.submitted.body if run.submitted is not None else None
    return task.parent.run_id if task is not None and task.parent is not None else None


async def _tell_child(child: Run, parent: Run, bus: Bus) -> bool:
    """Tell a run that its parent stands still, or no longer does; whether that was news."""
    stands = parent_stands(parent)
    if stands is None or not is_news(child, stands):
        return False
    if isinstance(stands, RunParentResumed) and child.parent_standing is None:
        return False
    assert child.submitted is not None, "only what is submitted has news"
    await bus.say(child.submitted, stands)
    return True


async def _gather_waits(run: Run, bus: Bus) -> None:
    """Have every run below tell what it waits for, the lowest first."""
    for child_id in list(open_children(run)):
        child = await bus.read(run.tenant, child_id, as_of=run.last_sequence)
        if list(open_children(child)):
            await _gather_waits(child, bus)
            child = await bus.read(run.tenant, child_id)
        await tell_waits(child, bus)


async def _call_off(child: Run, parent: Run, bus: Bus) -> None:
    assert child.submitted is not None, "only what is submitted is called off"
    await bus.say(child.submitted, called_off(parent))
    log.info("orchestrator.called_off", child=child.run_id, parent=parent.run_id)
