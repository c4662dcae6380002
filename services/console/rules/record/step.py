"""The record of one step, and of a whole run: pure functions of the run's facts."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from contracts.history import Run, Status
from contracts.history.approval import moment_of
from services.console.rules.record.awaited import awaited
from services.console.rules.record.binding import Reason, reasons_of
from services.console.rules.record.calls import CallRecord, calls_of
from services.console.rules.record.content import Recorded
from services.console.rules.record.decided import Decided, decided
from services.console.rules.record.identity import Identity, identity
from services.console.rules.record.money import MoneyRecord, money_of
from services.console.rules.record.reviews import ReviewRecord, reviews_of
from services.console.rules.record.route import RouteRecord, route_of
from services.console.rules.record.saw import Saw, saw
from services.console.rules.record.times import TimeRecord, times_of
from services.console.rules.record.verdicts import VerdictRecord, verdicts_of
from services.console.rules.record.why import Why, why

# What people look for in a record, and no fact tells.
NEVER_RECORDED = ("sampling settings other than the output cap",)


class StepRecord(Recorded):
    """One step: what the model saw, what it decided, by which way, and what came of it."""

    identity: Identity
    state: Literal["over", "open"]
    awaits: str = Field(description='Who is to speak next; "" where the step is over')
    saw: Saw
    decided: Decided
    route: RouteRecord
    verdicts: tuple[VerdictRecord, ...]
    money: MoneyRecord
    reviews: tuple[ReviewRecord, ...]
    calls: tuple[CallRecord, ...]
    time: TimeRecord
    why: tuple[Reason, ...]
    not_recorded: tuple[str, ...]


class RunRecord(Recorded):
    """A whole run, step by step."""

    tenant: str
    run_id: str
    agent: str
    status: Status
    submitted_at: datetime | None
    ended_at: datetime | None
    cost_micro_usd: int
    last_sequence: int
    steps: tuple[StepRecord, ...]
    why: Why


def record_of(run: Run, step: int) -> StepRecord:
    """What is recorded of a step, as far as the run has come.

    Raises:
        ValueError: the run has no such step.
    """
    if not 1 <= step <= len(run.steps):
        raise ValueError(f"run {run.run_id} has {len(run.steps)} steps, and no step {step}")
    found = run.steps[step - 1]
    waits_for = awaited(run, found)
    return StepRecord(
        identity=identity(run, found),
        state="open" if waits_for else "over",
        awaits=waits_for,
        saw=saw(run, found),
        decided=decided(found),
        route=route_of(run, found),
        verdicts=verdicts_of(run, found),
        money=money_of(found),
        reviews=reviews_of(run, found),
        calls=calls_of(run, found),
        time=times_of(run, found),
        why=reasons_of(run, found),
        not_recorded=NEVER_RECORDED,
    )


def whole_record(run: Run) -> RunRecord:
    """Every step of a run, and why it ended."""
    return RunRecord(
        tenant=run.tenant,
        run_id=run.run_id,
        agent=run.submitted.body.agent if run.submitted is not None else "",
        status=run.status,
        submitted_at=moment_of(run.submitted) if run.submitted is not None else None,
        ended_at=moment_of(run.end) if run.end is not None else None,
        cost_micro_usd=run.cost_micro_usd,
        last_sequence=run.last_sequence,
        steps=tuple(record_of(run, each.number) for each in run.steps),
        why=why(run),
    )
