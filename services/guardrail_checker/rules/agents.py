"""Calls of agents: how many of them, how deep, and with what integrity they begin.

A child is told what its parent's model wrote. So it begins with the labels of what that had read,
or a text from outside would come out of a child as the word of the user.
"""

from contracts.agent import DEPTH_LIMIT
from contracts.history import Run, labels
from contracts.task import ParentCall
from contracts.tool import ToolManifest, ToolRequested

from .trust import EXTERNAL

USER = "user"


def beyond_agents(run: Run, asked: ToolRequested, manifest: ToolManifest) -> tuple[str, str] | None:
    """Why no further agent may be called, as a rule and a sentence; None if one may."""
    if manifest.agent is None:
        return None
    if _depth(run) >= DEPTH_LIMIT:
        return "agents_too_deep", f"agents may call one another {DEPTH_LIMIT} deep, and no deeper"
    assert run.started is not None, "a call belongs to a started run"
    most = run.started.body.agent.limits.children
    if _number(run, asked) > most:
        return "too_many_children", f"a run of this agent may call {most} others, and has"
    return None


def labels_of_task(asked: ParentCall | None, parent: Run | None) -> tuple[str, ...]:
    """With which labels a task begins. Of one whose parent cannot be found nobody can tell."""
    if asked is None:
        return (USER,)
    call = parent.call(asked.call) if parent is not None else None
    last = call.last if call is not None else None
    if parent is None or last is None:
        return (EXTERNAL, USER)
    # The request is not signed, so what it says that was read is not enough.
    request = last.request.body
    return tuple(sorted({*request.labels, *labels(parent, request.step)}))


def _depth(run: Run) -> int:
    above = run.submitted.body.parent if run.submitted is not None else None
    return 0 if above is None else above.depth


def _number(run: Run, asked: ToolRequested) -> int:
    """Which of the run's calls of agents this one is; another attempt is no other call."""
    assert run.started is not None, "a call belongs to a started run"
    agents = {tool.name for tool in run.started.body.tools if tool.agent is not None}
    places = (
        (step.number, call.index)
        for step in run.steps
        for call in step.calls
        if call.part.name in agents and call.refused is None
    )
    return 1 + sum(place < (asked.step, asked.index) for place in places)
