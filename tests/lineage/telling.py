"""What forks and the runs that they grow from are asked, say, and are told."""

import json

from contracts.model import Prompt

FIND = ("find_order", '{"order_id":"1042"}')
SMALL = ("issue_refund", '{"order_id":"1042","amount":10}')


def scripted(*turns):
    """A model that takes its turns in order, by how often it has answered."""

    def script(seen: Prompt):
        if seen.instructions == "Find parcels.":
            return "At the depot."
        taken = sum(turn.role == "assistant" for turn in seen.turns)
        return turns[min(taken, len(turns) - 1)]

    return script


def said(ensemble, kind, run_id):
    own = (one.body for one in ensemble.bus.facts if one.run_id == run_id)
    return [body for body in own if isinstance(body, kind)]


def told(run):
    """What the tools of a run returned."""
    tries = (call.last for step in run.steps for call in step.calls)
    outcomes = (each.outcome.body for each in tries if each.outcome is not None)
    return [json.loads(one.output_json) for one in outcomes]
