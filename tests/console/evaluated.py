"""Runs that were evaluated, as the changes of the rows that tell of them."""

from dataclasses import replace
from datetime import timedelta

from contracts.evaluation import RunEvaluated
from contracts.task import ParentCall, TaskSubmitted
from services.observer.rules import project
from tests.bodies import NOON, manifest, run_started, settled
from tests.histories import History

MINI, LARGE = "openai/gpt-5-mini", "openai/gpt-5"
PARENT = ParentCall(run_id="r-0", call="1-1", attempt=1, depth=1, deadline=NOON)


def evaluated(
    run_id,
    *,
    cost=1000,
    passed=True,
    model=MINI,
    tenant="acme",
    begun=NOON,
    shadow=False,
    ended=True,
    after=0,
    **task,
):
    """A run of one step. `passed` None: nobody judged it. It is begun `after` that sequence."""
    history = History(tenant, run_id)
    submitted = history.say(TaskSubmitted(**{"agent": "support", "input": "Hello", **task}))
    started = run_started(manifest()).model_copy(update={"shadow": shadow})
    history.say(started, submitted)
    answered = history.step(text="Hello.")
    routed = settled(1, 1, cost).model_copy(update={"route": model})
    history.say(routed, "settled")
    if ended:
        history.complete(answered)
    if passed is not None:
        history.say(RunEvaluated(passed=passed, score=float(passed), assertions=()), history.root)
    late = [
        replace(one, stored_at=one.stored_at - NOON + begun, sequence=one.sequence + after)
        for one in history.facts
    ]
    return [change for fact in late for change in project(fact)]


def many(of, accepted, **told):
    """So many runs, of which so many were accepted; every other costs a tenth more."""
    cost, model = told.pop("cost", 1000), told.pop("model", MINI)
    begun = told.pop("begun", NOON)
    return [
        change
        for number in range(of)
        for change in evaluated(
            f"{model.replace('/', '-').replace('.', '-')}-{number}",
            cost=cost + number % 2 * cost // 10,
            passed=number < accepted,
            model=model,
            begun=begun + timedelta(seconds=number),
            **told,
        )
    ]
