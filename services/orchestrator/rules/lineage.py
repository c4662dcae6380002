"""Runs that grow from another run: the next turn of its conversation, or a fork from one step.

A fork is a shadow. It starts with the agent and the tools that the other run has pinned, but for
what it is to try out, and sees what that one saw before the step. The orchestrator says only where
it grew from: the gate and the executor see to it that it touches nothing.
"""

from contracts.agent import Agent
from contracts.history import Run
from contracts.history.lineage import generations, is_shadow
from contracts.run import LINEAGE_LIMIT, Ancestor
from contracts.task import Fork, TaskSubmitted
from contracts.tool import ToolManifest

INSTEAD = "a run goes on only from what is in the log: start anew with what counts of it as input"


def unreadable(run: Run, grown_from: Run | None) -> str | None:
    """Why the run cannot grow from the one that its task names; None if it can, or names none."""
    assert run.submitted is not None, "a task is submitted before it starts"
    task = run.submitted.body
    if task.fork is None and task.continues is None:
        return None
    if task.fork is not None and task.continues is not None:
        return "a task continues a run, or forks one; this one asks for both"
    named = task.continues if task.fork is None else task.fork.run_id
    if grown_from is not None and grown_from.archived:
        # Its file may be there, but neither who decides on runs nor who calls models may read it.
        return f"run {named} has left the log for the archive; {INSTEAD}"
    if grown_from is None or grown_from.submitted is None:
        return (
            f"there is no run {named} in this tenant's log, or one that it grew from was archived "
            f"or deleted; {INSTEAD}"
        )
    if generations(grown_from) + 1 > LINEAGE_LIMIT:
        return (
            f"run {named} has grown from {LINEAGE_LIMIT} others, and that is the most; start anew"
        )
    if task.fork is not None:
        return _unforkable(task, task.fork, grown_from)
    return _uncontinuable(task, grown_from)


def ancestor_of(task: TaskSubmitted, grown_from: Run | None) -> Ancestor | None:
    """Up to where the other run belongs to this one too."""
    if grown_from is None:
        return None
    if task.fork is not None:
        position = grown_from.steps[task.fork.step - 1].requested.body.position
        return Ancestor(
            run_id=grown_from.run_id, kind="fork", position=position, step=task.fork.step
        )
    assert grown_from.end is not None, "only a run that is over is continued"
    # Not its last fact: what comes after the end belongs to no conversation.
    position = grown_from.end.sequence
    return Ancestor(run_id=grown_from.run_id, kind="continues", position=position)


def forked(fork: Fork, grown_from: Run | None) -> tuple[Agent, tuple[ToolManifest, ...]]:
    """Agent and tools as the other run has pinned them, with what the fork tries out."""
    assert grown_from is not None, "a fork of what cannot be read was refused"
    assert grown_from.started is not None, "as was one of a run that never started"
    started = grown_from.started.body
    tried = {"model": fork.model, "instructions": fork.instructions}
    changes = {name: value for name, value in tried.items() if value is not None}
    return started.agent.model_copy(update=changes), started.tools


def _uncontinuable(task: TaskSubmitted, grown_from: Run) -> str | None:
    assert grown_from.submitted is not None, "it was found"
    if grown_from.end is None:
        return f"run {grown_from.run_id} is {grown_from.status}; it is continued once it has ended"
    if is_shadow(grown_from):
        return f"run {grown_from.run_id} is a shadow: what it was told is not so; fork it instead"
    theirs = grown_from.submitted.body.customer
    if task.customer is not None and theirs is not None and task.customer != theirs:
        return f"run {grown_from.run_id} is the conversation of another customer"
    if grown_from.started is None:
        return f"run {grown_from.run_id} never started: there is nothing to continue"
    return None


def _unforkable(task: TaskSubmitted, fork: Fork, grown_from: Run) -> str | None:
    assert grown_from.submitted is not None, "it was found"
    theirs = grown_from.submitted.body
    if grown_from.started is None or fork.step > len(grown_from.steps):
        return f"run {fork.run_id} has {len(grown_from.steps)} steps, and so no step {fork.step}"
    if grown_from.steps[fork.step - 1].is_summary:
        return f"step {fork.step} of run {fork.run_id} is a summary; fork from another one"
    if (task.agent, task.input) != (theirs.agent, theirs.input):
        return f"a fork has the agent and the input of the run it grows from, {fork.run_id}"
    return None
