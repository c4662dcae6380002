"""A run is over: who waits for it is told, what it started is called off, its place is free."""

from typing import Annotated

from faststream import Context

from contracts.run import RunCancelled, RunCompleted, RunFailed
from services.orchestrator.handlers.advancing import admit
from services.orchestrator.handlers.desk import Desk, hears
from services.orchestrator.handlers.kin import call_off_children, tell_parent
from shared.bus import Bus, Heard


@hears(RunCompleted, RunFailed, RunCancelled)
async def close(
    heard: Heard[RunCompleted | RunFailed | RunCancelled],
    bus: Annotated[Bus, Context()],
    desk: Annotated[Desk, Context()],
) -> None:
    """Every step of it may be done again, so that a redelivery takes up what a crash left."""
    run = await bus.run(heard)
    if run.end is None or run.end.sequence != heard.fact.sequence:
        return
    await tell_parent(run, bus)
    await call_off_children(run, bus)
    if desk.admission is not None:
        await admit(await desk.admission.give_back(run), bus, desk)
