"""Runs that try something: a case of a suite, on an agent as it is, or with one thing changed.

A trial touches nothing, unless the platform says that its tools are a sandbox. The orchestrator
says only that it is a shadow: the gate and the executor see to it. A whole definition may be tried
too, by whoever may submit a task: so the platform's own limits hold beside it, and in the gate its
checks.
"""

from contracts.agent import Agent, AgentLimits
from contracts.task import TaskSubmitted

from .moves import Book


def unfit(task: TaskSubmitted, book: Book) -> str | None:
    """Why the trial of a task may not start; None if it may, or if it has none."""
    trial = task.trial
    if trial is None:
        return None
    if task.parent is not None or task.continues is not None:
        return "a trial is a run of its own: it neither answers a call nor continues a run"
    if task.fork is not None:
        return _unfit_fork(task)
    if (reason := _unfit_definition(task)) is not None:
        return reason
    if trial.tools == "real" and not book.trials_act:
        return (
            "the tools of this platform are no sandbox, so a trial may not use them; stub them, or "
            "where they are one, set INTERLOCK_ORCHESTRATOR_TRIALS_ACT"
        )
    if trial.model is not None and book.context_tokens and trial.model not in book.context_tokens:
        known = ", ".join(sorted(book.context_tokens))
        return f"models.yaml has no alias {trial.model!r} to try; known are {known}"
    return None


def tried(task: TaskSubmitted, agent: Agent) -> Agent:
    """The agent that is tried: its definition in the trial, with what the trial changes of it."""
    trial = task.trial
    if trial is None:
        return agent
    agent = trial.definition or agent
    changes = {"model": trial.model, "instructions": trial.instructions}
    return agent.model_copy(update={key: one for key, one in changes.items() if one is not None})


def bounds(task: TaskSubmitted, agent: Agent, tried_: Agent) -> AgentLimits:
    """The limits that hold: of a definition that is tried, none is wider than the platform's."""
    if task.trial is None or task.trial.definition is None:
        return tried_.limits
    own, theirs = tried_.limits, agent.limits
    names = AgentLimits.model_fields
    least = {name: min(getattr(own, name), getattr(theirs, name)) for name in names}
    return AgentLimits.model_construct(**least)


def touches_nothing(task: TaskSubmitted) -> bool:
    """Whether the run is a shadow."""
    if task.fork is not None:
        return True
    return task.trial is not None and task.trial.tools == "stubbed"


def _unfit_definition(task: TaskSubmitted) -> str | None:
    trial = task.trial
    assert trial is not None, "asked about a trial"
    if trial.definition is None:
        return None
    if trial.definition.name != task.agent:
        return f"the trial of {task.agent} has a definition of {trial.definition.name}"
    if trial.tools == "real":
        return "a definition is tried without real tools: it may ask fewer people than the agent"
    return None


def _unfit_fork(task: TaskSubmitted) -> str | None:
    trial = task.trial
    assert trial is not None, "asked about a trial"
    if (trial.model, trial.instructions, trial.definition) != (None, None, None):
        return "what a fork tries out stands in its fork, not in its trial"
    if trial.stubs or trial.tools == "real":
        return "the calls of a fork are answered by the record of the run that it grows from"
    return None
