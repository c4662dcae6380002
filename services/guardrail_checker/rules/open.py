"""Which content of a run waits for a verdict of a gate."""

from contracts.control import InputSubmitted
from contracts.envelope import Fact
from contracts.history import Call, Run
from contracts.run import AnswerProposed
from contracts.task import TaskSubmitted
from contracts.tool import ToolFailed, ToolSucceeded

Gated = TaskSubmitted | InputSubmitted | ToolSucceeded | ToolFailed | AnswerProposed


def open_content(run: Run, fact_id: str) -> Fact[Gated] | None:
    """The fact of this id, if its content has no verdict yet and one would still count."""
    task = run.submitted
    if task is not None and task.id == fact_id:
        return task if run.verdict is None else None
    if run.end is not None:
        return None
    for given in run.inputs:
        if given.submitted.id == fact_id and given.verdict is None and given.end is None:
            return given.submitted
    if run.answer is not None and run.answer.proposed.id == fact_id:
        return run.answer.proposed if run.answer.verdict is None else None
    call = open_call(run, fact_id)
    return None if call is None else outcome_of(call)


def open_call(run: Run, fact_id: str) -> Call | None:
    """The call whose outcome this is, if the model has not been told of it."""
    calls = (call for step in reversed(run.steps) for call in step.calls)
    for call in calls:
        outcome = outcome_of(call)
        if outcome is not None and outcome.id == fact_id:
            return call if call.result is None else None
    return None


def outcome_of(call: Call) -> Fact[ToolSucceeded | ToolFailed] | None:
    """How the last attempt at a call ended, where that is known."""
    last = call.last
    if last is None or last.outcome is None:
        return None
    match last.outcome:
        case Fact(body=ToolSucceeded() | ToolFailed()) as known:
            return known
        case _:
            return None
