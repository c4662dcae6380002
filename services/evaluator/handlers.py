"""A run has ended: ask its judges, if it has any, and assess it once all of them have answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from faststream import Context

from contracts.evaluation import AssertionResult, JudgeVerdict, RunEvaluated
from contracts.history import Run, RunEnd
from contracts.run import RunCancelled, RunCompleted, RunFailed
from contracts.scoring import Database, Judged
from shared.bus import Bus, Heard
from shared.errors import Again
from shared.service import Handlers

from .adapters import Databases
from .canary.bills import whole_bill
from .canary.watching import Canaries
from .judges.asking import Asking, submissions, verdict_of
from .judges.config import Jury
from .judges.jury import combine
from .metrics import count, count_drawn
from .rules import evaluate, result, scorers_of, spared_scorers
from .sampling.drawing import Watched, sample, waits_for_bills
from .scorers.outcome import Outcome, answer_of, no_answer

# The ledger settles within moments; a run whose bill does not come is drawn by what is known.
BILLS_SECONDS = 0.5
BILLS_DELIVERIES = 5

hears = Handlers()


@dataclass(frozen=True)
class Desk:
    """Whom scorers may ask, by the name that they use; which agents are watched, and canaries."""

    juries: Mapping[str, Jury] = field(default_factory=dict)
    databases: Databases = field(default_factory=lambda: Databases({}))
    watched: Watched = field(default_factory=dict)
    canaries: Canaries | None = None

    async def waits_for_bills(self, run: Run, bus: Bus) -> bool:
        """Whether nobody can tell yet what a run cost, and somebody wants to know."""
        if waits_for_bills(run, self.watched):
            return True
        counts = self.canaries is not None and self.canaries.counts_run(run)
        return counts and (await whole_bill(run, bus)).unsettled > 0


@hears(RunCompleted, RunFailed, RunCancelled)
async def assess_run(
    heard: Heard[RunEnd], bus: Annotated[Bus, Context()], desk: Annotated[Desk, Context()]
) -> None:
    run = await bus.run(heard)
    if run.end is None or run.end.id != heard.fact.id or heard.last:
        return
    await _assess(run, heard, bus, desk)
    judging = run.submitted.body.judging if run.submitted is not None else None
    if judging is not None:
        # Another judge may have ended a moment ago: whoever ended last sees all of them.
        judged = await bus.read(run.tenant, judging.run_id, as_of=heard.fact.sequence)
        await _assess(judged, heard, bus, desk)


async def _assess(run: Run, heard: Heard[RunEnd], bus: Bus, desk: Desk) -> None:
    """Say what a run that is over came to, unless somebody who was asked is still at work."""
    if run.end is None:
        return
    if run.started is None or run.evaluated is not None:
        await _count(run, None if run.evaluated is None else run.evaluated.body, bus, desk)
        return
    if heard.delivery < BILLS_DELIVERIES and await desk.waits_for_bills(run, bus):
        raise Again("a model call of the run is not settled", BILLS_SECONDS)
    drawn, agent = sample(run, desk.watched), run.started.body.agent
    # The cheapest first: whom a failure spares is not asked at all.
    spared = spared_scorers(run, agent.evaluators)
    own = (one for one in scorers_of(run) if one not in spared)
    scorers = (*own, *(() if drawn is None else drawn.scorers))
    judged = [one for one in scorers if isinstance(one, Judged)]
    found = [await _judged(run, scorer, heard, bus, desk) for scorer in judged]
    told = {one.name: one for one in found if one is not None}
    if len(told) < len(judged):
        return
    for scorer in scorers:
        if isinstance(scorer, Database):
            told[scorer.metric] = await desk.databases.score(run, scorer)
    evaluated = evaluate(run, agent.evaluators, told, drawn)
    await bus.say(run.end, evaluated)
    count(agent.name, evaluated)
    if drawn is not None:
        count_drawn(agent.name, evaluated.assertions[-len(drawn.scorers) :])
    await _count(run, evaluated, bus, desk)


async def _count(run: Run, evaluated: RunEvaluated | None, bus: Bus, desk: Desk) -> None:
    if desk.canaries is not None and desk.canaries.counts_run(run):
        bill = await whole_bill(run, bus)
        await desk.canaries.take(run, evaluated, bill.cost)


async def _judged(
    run: Run, scorer: Judged, heard: Heard[RunEnd], bus: Bus, desk: Desk
) -> AssertionResult | None:
    """What a jury makes of a run; None while one of it is at work."""
    jury = desk.juries.get(scorer.by)
    if jury is None:
        known = ", ".join(desk.juries) or "none"
        return result(scorer, Outcome(None, f"no jury is named {scorer.by!r}; known: {known}"))
    if answer_of(run) is None:
        return result(scorer, no_answer(run))
    asked = submissions(run, scorer, jury)
    verdicts = [await _verdict(one, run.tenant, heard, bus) for one in asked]
    told = [one for one in verdicts if one is not None]
    return combine(told, jury, scorer) if len(told) == len(asked) else None


async def _verdict(
    asking: Asking, tenant: str, heard: Heard[RunEnd], bus: Bus
) -> JudgeVerdict | None:
    """What a judge says, who is asked if nobody has; None while they are at work."""
    is_ours = await bus.submit(tenant, asking.run_id, asking.task)
    run = await bus.read(tenant, asking.run_id, as_of=heard.fact.sequence)
    return verdict_of(asking, run) if run.end is not None or not is_ours else None
