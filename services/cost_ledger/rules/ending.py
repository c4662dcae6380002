"""What an ended run still owes: the evidence that its log has of one hold."""

from dataclasses import dataclass
from datetime import datetime

from contracts.envelope import Fact
from contracts.history import Attempt, Run
from contracts.model import ModelAttemptRequested, ModelClaimed, ModelFailed, ModelResponded
from contracts.shape import later

Outcome = Fact[ModelResponded] | Fact[ModelFailed] | Fact[ModelAttemptRequested]


@dataclass(frozen=True, slots=True)
class Told:
    """The log has what became of the attempt."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """Nobody has started the attempt. Whoever claims it first decides whether anybody may."""

    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Revoked:
    """Nobody may start the attempt any more."""


@dataclass(frozen=True, slots=True)
class InFlight:
    """Somebody may have called a provider. After `silent_at` no answer is waited for."""

    silent_at: datetime


Standing = Told | Unclaimed | Revoked | InFlight


def standing(
    run: Run, attempt: Attempt, *, default_limit_seconds: float, margin_seconds: float
) -> Standing:
    """How an attempt of an ended run stands."""
    if (outcome := outcome_of(run, attempt)) is not None:
        return Told(outcome)
    if attempt.claim is None:
        return Unclaimed(attempt)
    claim = attempt.claim.body
    if claim.state == "revoked":
        return Revoked()
    start = claim.start_before or attempt.claim.time
    return InFlight(later(start, _limit(claim, default_limit_seconds) + margin_seconds))


def outcome_of(run: Run, attempt: Attempt) -> Outcome | None:
    """The outcome, or the next attempt, that followed from the verdict on this one."""
    if attempt.verdict is None:
        return None
    step = run.steps[attempt.request.body.step - 1]
    if step.outcome is not None and run.places.get(step.outcome.cause_id) is attempt:
        return step.outcome
    for later_one in step.attempts:
        asked = later_one.request
        if isinstance(asked.body, ModelAttemptRequested) and (
            run.places.get(asked.cause_id) is attempt
        ):
            return asked
    return None


def _limit(claim: ModelClaimed, default_seconds: float) -> float:
    if claim.time_limit_seconds is None:
        return default_seconds
    return claim.time_limit_seconds
