"""Which step this is: its run, its agent, whose it is, where it came from."""

from typing import Literal

from pydantic import Field

from contracts.history import Run, Step
from services.console.rules.record.content import Recorded

TRACE_PARTS = 4  # of a traceparent: version, trace, span, flags


class CalledBy(Recorded):
    """The run that this one answers a call of."""

    kind: Literal["child"] = "child"
    run_id: str
    call: str
    attempt: int


class GrownFrom(Recorded):
    """The run whose conversation goes on here. A fork sees what came before `step`."""

    kind: Literal["fork", "continues"]
    run_id: str
    step: int | None
    position: int


class Identity(Recorded):
    """Which step, of which run, by which version of which agent, for whom."""

    tenant: str
    run_id: str
    step: int
    purpose: Literal["step", "summary"]
    attempts: int
    agent: str
    agent_version: str
    feature: str | None
    customer: str | None
    user: str | None
    requester: str | None
    called_by: CalledBy | None
    grown_from: GrownFrom | None
    is_shadow: bool
    trace_id: str | None = Field(description="None where the fact had no traceparent")
    sequence: int = Field(description="Of model.requested, which began it")


def identity(run: Run, step: Step) -> Identity:
    """Which step of which run this is."""
    assert run.submitted is not None, "a step belongs to a submitted run"
    assert run.started is not None, "a step belongs to a started run"
    task, started = run.submitted.body, run.started.body
    return Identity(
        tenant=run.tenant,
        run_id=run.run_id,
        step=step.number,
        purpose=step.requested.body.purpose,
        attempts=len(step.attempts),
        agent=started.agent.name,
        agent_version=started.agent_version,
        feature=task.feature,
        customer=task.customer,
        user=task.user,
        requester=task.requester,
        called_by=_called_by(run),
        grown_from=_grown_from(run),
        is_shadow=started.shadow,
        trace_id=_trace_id(step.requested.traceparent),
        sequence=step.requested.sequence,
    )


def _called_by(run: Run) -> CalledBy | None:
    parent = run.submitted.body.parent if run.submitted is not None else None
    if parent is None:
        return None
    return CalledBy(run_id=parent.run_id, call=parent.call, attempt=parent.attempt)


def _grown_from(run: Run) -> GrownFrom | None:
    grown = run.started.body.ancestor if run.started is not None else None
    if grown is None:
        return None
    return GrownFrom(kind=grown.kind, run_id=grown.run_id, step=grown.step, position=grown.position)


def _trace_id(traceparent: str | None) -> str | None:
    parts = (traceparent or "").split("-")
    return parts[1] if len(parts) == TRACE_PARTS else None
