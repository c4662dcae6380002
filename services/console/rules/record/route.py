"""How the model was reached: the alias, what could be tried, what was tried in which order."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from pydantic import Field

from contracts.history import Attempt, Run, Step
from contracts.history.approval import moment_of
from contracts.model import (
    AttemptFailure,
    ModelAttemptRequested,
    ModelFailed,
    ModelResponded,
    Route,
)
from contracts.money import ModelFunded, ModelUnfunded
from services.console.rules.record.content import Recorded

Role = Literal["first", "retry", "fallback", "hedge"]
Outcome = Literal["answered", "failed", "not_funded", "called_off", "awaited", "never_answered"]


class AttemptRecord(Recorded):
    """One attempt: where it went, what for, what became of it."""

    attempt: int
    role: Role
    candidates: tuple[str, ...] = Field(description="provider/model pairs that its hold covered")
    route: str | None = Field(description="provider/model; None where nothing was dispatched")
    outcome: Outcome
    failure: str | None = Field(description="Kind of the failure, such as rate_limited")
    reason: str
    http_status: int | None
    billed: Literal["nothing", "unknown"] | None
    duration_ms: int | None = Field(description="As the router measured it")
    sequence: int
    claimed_at: datetime | None


class Dropped(Recorded):
    """Something that the provider cannot take, and that was left out."""

    name: str
    reason: str


class Served(Recorded):
    """Who answered in the end."""

    route: str
    api: str
    model_returned: str | None
    request_id: str | None
    service_tier: str | None
    dropped: tuple[Dropped, ...]


class RouteRecord(Recorded):
    """From an alias to a model."""

    alias: str
    attempts: tuple[AttemptRecord, ...]
    served: Served | None


def route_of(run: Run, step: Step) -> RouteRecord:
    """Every attempt of a step in order, and who served it."""
    return RouteRecord(
        alias=step.requested.body.alias,
        attempts=tuple(_attempt(run, step, one) for one in step.attempts),
        served=_served(step),
    )


def named(route: Route) -> str:
    """A route as people write it."""
    return f"{route.provider}/{route.model}"


def failure_of(step: Step, attempt: Attempt) -> AttemptFailure | None:
    """Why an attempt brought nothing: told by the next one, or by the end of them all."""
    following = step.attempts[attempt.number : attempt.number + 1]
    for one in following:
        if isinstance(one.request.body, ModelAttemptRequested):
            return one.request.body.previous
    said = step.outcome.body if step.outcome is not None else None
    return said.failure if isinstance(said, ModelFailed) and not following else None


def _attempt(run: Run, step: Step, attempt: Attempt) -> AttemptRecord:
    request, verdict = attempt.request.body, attempt.verdict
    again = request if isinstance(request, ModelAttemptRequested) else None
    funded = verdict.body if verdict is not None else None
    failure = failure_of(step, attempt)
    return AttemptRecord(
        attempt=attempt.number,
        role=again.role if again is not None else "first",
        candidates=funded.routes if isinstance(funded, ModelFunded) else (),
        route=_went_to(step, attempt),
        outcome=_outcome(run, step, attempt),
        failure=failure.kind if failure is not None else None,
        reason=failure.reason if failure is not None else _refused(funded),
        http_status=failure.http_status if failure is not None else None,
        billed=failure.billed if failure is not None else None,
        duration_ms=_duration(step, attempt),
        sequence=attempt.request.sequence,
        claimed_at=moment_of(attempt.claim) if attempt.claim is not None else None,
    )


def _refused(funded: object) -> str:
    return funded.reason if isinstance(funded, ModelUnfunded) else ""


def _outcome(run: Run, step: Step, attempt: Attempt) -> Outcome:
    said = step.outcome.body if step.outcome is not None else None
    if isinstance(said, ModelResponded) and said.attempt == attempt.number:
        return "answered"
    if attempt.verdict is not None and isinstance(attempt.verdict.body, ModelUnfunded):
        return "not_funded"
    if attempt.claim is not None and attempt.claim.body.state == "revoked":
        return "called_off"
    if failure_of(step, attempt) is not None:
        return "failed"
    return "awaited" if said is None and run.end is None else "never_answered"


def _went_to(step: Step, attempt: Attempt) -> str | None:
    """By the claim; an answer or a failure tells it too."""
    claim = attempt.claim.body if attempt.claim is not None else None
    if claim is not None and claim.route is not None:
        return named(claim.route)
    said = step.outcome.body if step.outcome is not None else None
    if isinstance(said, ModelResponded) and said.attempt == attempt.number:
        return named(said.served_by.route)
    failure = failure_of(step, attempt)
    return named(failure.route) if failure is not None and failure.route is not None else None


def _duration(step: Step, attempt: Attempt) -> int | None:
    said = step.outcome.body if step.outcome is not None else None
    ours = isinstance(said, ModelResponded) and said.attempt == attempt.number
    return said.duration_ms or None if ours and isinstance(said, ModelResponded) else None


def _served(step: Step) -> Served | None:
    said = step.outcome.body if step.outcome is not None else None
    if not isinstance(said, ModelResponded):
        return None
    by = said.served_by
    return Served(
        route=named(by.route),
        api=by.route.api,
        model_returned=by.model_returned,
        request_id=by.request_id,
        service_tier=by.service_tier,
        dropped=_dropped(said.dropped),
    )


def _dropped(dropped: Sequence[object]) -> tuple[Dropped, ...]:
    return tuple(Dropped.model_validate(one, from_attributes=True) for one in dropped)
