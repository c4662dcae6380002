"""The other runs that a run depends on: what it starts from, and who waits for whose end."""

import structlog

from contracts.guardrail import TaskCleared
from contracts.history import Run
from services.orchestrator.handlers.desk import Desk
from services.orchestrator.rules import Kin
from services.orchestrator.rules.admission import ADMITTED, Answer
from services.orchestrator.rules.children import called_off, open_children, outcome
from services.orchestrator.rules.moves import NO_KIN
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


async def look_after(run: Run, bus: Bus) -> None:
    """Say to parent and children what they wait for, if nobody has.

    Ends are told as soon as they are heard. This is for one that was read too early: from a
    replica of the log that lagged behind.
    """
    parent_id = parent_of(run)
    if parent_id is not None and run.parent_ended is None and run.end is None:
        parent = await bus.read(run.tenant, parent_id)
        if parent.end is not None:
            await _call_off(run, parent, bus)
    for child_id in [] if run.end is not None else list(open_children(run)):
        await tell_parent(await bus.read(run.tenant, child_id), bus)


async def tell_parent(child: Run, bus: Bus) -> None:
    """The end of a run that answers a call is the outcome of that call."""
    parent_id = parent_of(child)
    if parent_id is None or child.end is None:
        return
    told = outcome(await bus.read(child.tenant, parent_id, as_of=child.end.sequence), child)
    if told is not None:
        cause, body = told
        fact = await bus.say(cause, body)
        log.info("orchestrator.child_ended", said=fact.type, child=child.run_id, call=body.call)


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


async def _call_off(child: Run, parent: Run, bus: Bus) -> None:
    assert child.submitted is not None, "only what is submitted is called off"
    await bus.say(child.submitted, called_off(parent))
    log.info("orchestrator.called_off", child=child.run_id, parent=parent.run_id)
