"""Finished runs for scorers: what they called, what became of it, what they answered."""

import json

from contracts.run import RunCompleted, RunFailed
from contracts.task import TaskSubmitted
from contracts.trial import Trial
from tests.bodies import manifest, run_started, task_cleared
from tests.histories import History

READ = manifest()
REFUND = manifest("issue_refund", effect="money")


def call(tool, **arguments):
    return tool, json.dumps(arguments)


def find(order_id="1042"):
    return call("find_order", order_id=order_id)


def refund(amount=10, order_id="1042"):
    return call("issue_refund", order_id=order_id, amount=amount)


def finished(*calls, answer="It was shipped.", trial=None):
    """A run that made these calls, one a step, each of which succeeded, and then said this."""
    history = History()
    task = TaskSubmitted(agent="support", input="Where is it?", trial=trial)
    cleared = history.say(task_cleared(), history.say(task))
    history.say(run_started(READ, REFUND), cleared)
    for one in calls:
        history.use(history.step(calls=[one]))
    history.step(text=answer)
    history.say(RunCompleted(answer=answer, steps=len(calls) + 1), history.root)
    return history.run


def failed():
    history = History()
    history.begin(READ)
    history.say(RunFailed(rule="money_ceiling", reason="it has no money left"), history.root)
    return history.run


def trial(*scorers, **more):
    return Trial(experiment="e", case="c-1", scorers=scorers, **more)
