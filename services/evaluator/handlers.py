"""A run has ended: assess it."""

from typing import Annotated

from faststream import Context

from contracts.history import RunEnd
from contracts.run import RunCancelled, RunCompleted, RunFailed
from shared.bus import Bus, Heard
from shared.service import Handlers

from .metrics import count
from .rules import evaluate

hears = Handlers()


@hears(RunCompleted, RunFailed, RunCancelled)
async def assess_run(heard: Heard[RunEnd], bus: Annotated[Bus, Context()]) -> None:
    run = await bus.run(heard)
    if run.started is None or run.end is None or run.end.id != heard.fact.id:
        return
    if run.evaluated is None and not heard.last:
        agent = run.started.body.agent
        told = evaluate(run, agent.evaluators)
        await bus.say(heard.fact, told)
        count(agent.name, told)
