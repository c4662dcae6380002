"""A run stands still, or goes on: the run that waits for it does too, and those that it called."""

from typing import Annotated

from faststream import Context

from contracts.control import RunChildStoodStill, RunChildWentOn, RunPaused, RunResumed
from contracts.review import ReviewDecided, ReviewRequested
from contracts.shape import Body
from services.orchestrator.handlers.advancing import arm
from services.orchestrator.handlers.desk import Desk, hears
from services.orchestrator.handlers.kin import tell_children, tell_waits
from shared.bus import Bus, Heard


@hears(
    ReviewRequested,
    ReviewDecided,
    RunPaused,
    RunResumed,
    RunChildStoodStill,
    RunChildWentOn,
)
async def pass_on(
    heard: Heard[Body], bus: Annotated[Bus, Context()], desk: Annotated[Desk, Context()]
) -> None:
    """All of it may be said again, so that a redelivery takes up what a crash left."""
    run = await bus.run(heard)
    await tell_waits(run, bus)
    if isinstance(heard.fact.body, RunPaused | RunResumed):
        await tell_children(run, bus)
    if isinstance(heard.fact.body, RunChildStoodStill | RunChildWentOn):
        # Its deadline is another one now. What was heard may be old, and the timer set since.
        await arm(await bus.read(run.tenant, run.run_id, as_of=run.last_sequence), bus, desk)
