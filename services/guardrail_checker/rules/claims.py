"""What a submission claims of other runs, held to what the log and the configuration say.

A task for a call, for a judge or for a schedule is submitted by a service. A stolen credential of
one may submit such tasks of any tenant, so none is cleared for what it says of itself.
"""

from collections.abc import Mapping

from contracts.agent import Agent
from contracts.history import Run
from contracts.history.delegation import undelegated
from contracts.run import RunCompleted
from contracts.schedule import Schedule, unscheduled
from contracts.task import (
    Judging,
    TaskDelegated,
    TaskLimits,
    TaskPutToCheck,
    TaskPutToJudge,
    TaskScheduled,
)
from contracts.trial import EVALUATION

from .judged import checking_task
from .open import open_content


def named_run(run: Run) -> str | None:
    """The run that a submission claims to be called or asked about by."""
    assert run.submitted is not None, "it was submitted"
    return run.submitted.body.parent_run_id


def unfounded(
    run: Run, named: Run | None, agent: Agent | None, schedules: Mapping[str, Schedule]
) -> str | None:
    """Why a task must not be cleared for what it claims; None where that is so, or it claims none.

    `named` is the run of `named_run`, and `agent` the one that the task is for.
    """
    assert run.submitted is not None, "it was submitted"
    match run.submitted.body:
        case TaskDelegated():
            return undelegated(run, named)
        case TaskPutToJudge() as task:
            return _unasked(task, named, agent)
        case TaskPutToCheck() as task:
            return _unchecked(task, named, agent)
        case TaskScheduled() as task if task.parent is None and task.judging is None:
            return unscheduled(task, run.tenant, schedules.get(task.schedule))
        case task if task.parent is not None:
            return "only the executor submits a task for a call, as task.delegated"
        case task if task.judging is not None:
            return "only the evaluator puts a task to a judge, as task.put_to_judge"
        case task if task.checking is not None:
            return "only the gate puts content to a check, as task.put_to_check"
    return None


def _unchecked(task: TaskPutToCheck, checked: Run | None, agent: Agent | None) -> str | None:
    asked = task.checking
    if checked is None or checked.submitted is None or open_content(checked, asked.fact) is None:
        return f"nothing of run {asked.run_id} waits under that id, in this tenant"
    expected = checking_task(checked, asked, task.agent, task.input, task.limits)
    if task != expected or task.limits.steps != 1:
        return f"it asks for more than a check of run {asked.run_id} asks for"
    if agent is not None and (agent.tools or agent.agents):
        return f"{agent.name} cannot be asked: it may call tools or agents"
    return None


def _unasked(task: TaskPutToJudge, judged: Run | None, agent: Agent | None) -> str | None:
    asked = task.judging
    if judged is None or judged.submitted is None or judged.end is None:
        return f"run {asked.run_id} is not one that is over, in this tenant"
    if not isinstance(judged.end.body, RunCompleted):
        return f"run {asked.run_id} has no answer to judge"
    if task != _question(task, judged):
        return f"it asks for more than a judge of run {asked.run_id} is asked for"
    if agent is not None and (agent.tools or agent.agents):
        return f"{agent.name} is no judge: it may call tools or agents"
    return None


def _question(task: TaskPutToJudge, judged: Run) -> TaskPutToJudge:
    """All that the evaluator says beside the text of its question, and nothing else."""
    assert judged.submitted is not None, "it was found"
    asked = task.judging
    return TaskPutToJudge(
        agent=asked.judge,
        input=task.input,
        feature=EVALUATION,
        user=judged.submitted.body.user,
        priority=task.priority,
        judging=Judging(
            run_id=asked.run_id, metric=asked.metric, judge=asked.judge, order=asked.order
        ),
        limits=TaskLimits(steps=1),
    )
