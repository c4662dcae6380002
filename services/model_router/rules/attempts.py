"""May this attempt be made, on which terms, and what follows when it brings no answer."""

from dataclasses import dataclass
from datetime import datetime

from contracts.envelope import Fact
from contracts.history import Attempt, Measured, Run, Step
from contracts.history.waiting import waited
from contracts.model import (
    AttemptFailure,
    FailureKind,
    ModelAttemptRequested,
    ModelClaimed,
    ModelFailed,
    Route,
)
from contracts.money import ModelFunded
from contracts.shape import later

from .drawing import Choice, Drawn, draw

# The same route may answer another time; of the other kinds only another route may.
WORTH_A_RETRY: frozenset[FailureKind] = frozenset(
    {"rate_limited", "unavailable", "timed_out", "malformed", "lost"}
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Every bound of the router, from its settings."""

    max_attempts: int = 3
    retries_per_route: int = 1
    wait_limit_seconds: float = 5.0
    defer_limit_seconds: float = 3600.0
    backoff_seconds: float = 0.5
    start_within_seconds: float = 5.0
    takeover_seconds: float = 2.0
    answer_limit_bytes: int = 700_000


@dataclass(frozen=True, slots=True)
class Work:
    """An attempt that was funded and is still wanted. `root` stands for its run."""

    root: str
    step: Step
    attempt: Attempt
    hold: ModelFunded
    deadline: datetime

    @property
    def claim(self) -> ModelClaimed | None:
        return self.attempt.claim.body if self.attempt.claim is not None else None


@dataclass(frozen=True, slots=True)
class Terms:
    """Within these the call may be made."""

    drawn: Drawn
    max_output_tokens: int
    start_before: datetime
    time_limit_seconds: float


def open_work(run: Run, funded: Fact[ModelFunded], now: datetime) -> Work | None:
    """The work that a hold is for, unless it is done, superseded, or nobody wants it any more.

    Its deadline is that of `now`: it stands still while the run is paused. What was asked for
    before a pause goes on in it, and a wait for the provider may lie in one.
    """
    if run.end is not None or run.cancel is not None or run.step is None:
        return None
    step, attempt = run.step, run.step.last_attempt
    verdict = attempt.verdict
    if step.outcome is not None or verdict is None:
        return None
    # The same fact stored twice is one funding: the second copy is nobody's work.
    if (verdict.id, verdict.sequence) != (funded.id, funded.sequence):
        return None
    asked = step.requested
    deadline = asked.body.deadline + waited(run, asked.time, now)
    return Work(run.root, step, attempt, funded.body, deadline)


def left_behind(run: Run, funded: Fact[ModelFunded]) -> ModelFailed | None:
    """What to say of an attempt that an interruption revoked: on that word its hold is free again.

    Nothing, unless its step was left behind without an outcome.
    """
    step_number, number = funded.body.step, funded.body.attempt
    attempt = run.attempt(step_number, number)
    if run.end is not None or attempt is None or attempt.claim is None:
        return None
    step, verdict = run.steps[step_number - 1], attempt.verdict
    if step is run.step or step.outcome is not None or attempt.claim.body.state != "revoked":
        return None
    if verdict is None or (verdict.id, verdict.sequence) != (funded.id, funded.sequence):
        return None
    reason = "the run was interrupted before the call was made"
    return ModelFailed(step=step_number, attempt=number, failure=unbilled("lost", reason))


def terms(
    work: Work, measured: Measured, choice: Choice | None, now: datetime, limits: Limits
) -> Terms | AttemptFailure:
    """The terms of the call, inside every bound of its hold; else why it is not made."""
    requested = work.step.requested.body
    if choice is None:
        return unbilled("invalid", f"models.yaml has no alias {requested.alias!r}")
    if measured.sha256 != requested.prompt_sha256:
        return unbilled("malformed", "the prompt rebuilt from the log has another digest")
    if measured.length > work.hold.max_prompt_bytes:
        covered = work.hold.max_prompt_bytes
        return unbilled(
            "invalid", f"the prompt has {measured.length} bytes, its hold covers {covered}"
        )
    drawn = choose_route(work, choice)
    if drawn is None:
        return unbilled("denied", _no_route(work, choice))
    left = (work.deadline - now).total_seconds()
    if left <= 0:
        return unbilled("timed_out", f"its deadline {work.deadline.isoformat()} has passed")
    return Terms(
        drawn=drawn,
        max_output_tokens=min(requested.max_output_tokens, work.hold.max_output_tokens),
        start_before=later(now, min(limits.start_within_seconds, left)),
        time_limit_seconds=min(choice.time_limit_seconds, left),
    )


def choose_route(work: Work, choice: Choice) -> Drawn | None:
    """The route that was asked for, or the one that the run drew; funded and within reach."""
    covered = [route for route in choice.routes if pair(route) in work.hold.routes]
    asked = work.attempt.request.body
    if isinstance(asked, ModelAttemptRequested):
        return Drawn(asked.route) if asked.route in covered else None
    return draw(covered, choice.weights, f"{work.root} {asked.alias}")


def pair(route: Route) -> str:
    """How a hold names a route."""
    return f"{route.provider}/{route.model}"


def wait_seconds(work: Work, now: datetime, limits: Limits) -> float:
    """How long to wait before this attempt may be claimed."""
    asked = work.attempt.request.body
    if not isinstance(asked, ModelAttemptRequested):
        return 0.0
    return min(max(0.0, (asked.not_before - now).total_seconds()), limits.wait_limit_seconds)


def after_claim(claim: ModelClaimed) -> AttemptFailure:
    """What to make of a claim that is not ours: nobody is behind it any more."""
    if claim.state == "revoked":
        return unbilled("lost", "the hold was taken back before the call was made")
    reason = "whoever made the call stopped before its outcome was told"
    return AttemptFailure(kind="lost", route=claim.route, reason=reason, billed="unknown")


def after_failure(
    work: Work, failure: AttemptFailure, choice: Choice | None, now: datetime, limits: Limits
) -> ModelAttemptRequested | ModelFailed:
    """The next attempt, which needs a hold of its own; or the end of the step's attempts.

    A wait that is too long to be waited here is left to a timer, where no other route is left.
    """
    number = work.attempt.number
    if choice is None or number >= limits.max_attempts:
        return failed(work, failure)
    tried = routes_tried(work.step, failure)
    current = tried[-1] if tried else None
    fresh = next((route for route in _in_turn(work, choice) if route not in tried), None)
    wait = _wait(failure, number, limits)
    may_retry = current in choice.routes and failure.kind in WORTH_A_RETRY
    is_short = wait <= limits.wait_limit_seconds
    retry = current if may_retry and is_short else None
    used_up = current is not None and tried.count(current) > limits.retries_per_route
    prefers_fresh = retry is None or used_up or failure.kind in {"timed_out", "malformed", "lost"}
    route = fresh if fresh is not None and prefers_fresh else retry
    if route is None and may_retry:
        route = current
    if route is None:
        return failed(work, failure)
    wait = wait if route == current else 0.0
    if (why := _not_waited(work, wait, now, limits)) is not None:
        return failed(work, failure.model_copy(update={"reason": f"{failure.reason}; {why}"}))
    again = "retry" if route == current else "fallback"
    return ModelAttemptRequested(
        step=work.step.number,
        attempt=number + 1,
        role="hedge" if failure.kind == "lost" else again,
        route=route,
        not_before=later(now, wait),
        previous=failure,
        deferred=wait > limits.wait_limit_seconds,
    )


def late_failure(run: Run, work: Work, failure: AttemptFailure) -> ModelFailed | None:
    """What to say of a failure once the work is not open any more, so that its hold is settled.

    Nothing, where a later attempt is under way: it would end the step in its place.
    """
    attempts = run.steps[work.step.number - 1].attempts
    return failed(work, failure) if len(attempts) == work.attempt.number else None


def given_up(work: Work, *, contested: bool = False) -> AttemptFailure:
    """What is reported when the deliveries of a funded attempt are used up.

    `contested` says that somebody claimed it meanwhile, so that it may have been made.
    """
    reason = "the router tried this attempt as often as it may, and could not finish it"
    claim = work.claim
    if not contested and (claim is None or claim.state == "revoked"):
        return unbilled("unavailable", reason)
    route = claim.route if claim is not None else None
    return AttemptFailure(kind="unavailable", route=route, reason=reason, billed="unknown")


def failed(work: Work, failure: AttemptFailure) -> ModelFailed:
    return ModelFailed(step=work.step.number, attempt=work.attempt.number, failure=failure)


def unbilled(kind: FailureKind, reason: str, route: Route | None = None) -> AttemptFailure:
    """A failure before anything was sent."""
    return AttemptFailure(kind=kind, route=route, reason=reason, billed="nothing")


def routes_tried(step: Step, failure: AttemptFailure) -> list[Route]:
    """The routes of the attempts so far, the failed one last."""
    before = [
        attempt.claim.body.route
        for attempt in step.attempts[:-1]
        if attempt.claim is not None and attempt.claim.body.route is not None
    ]
    return [*before, failure.route] if failure.route is not None else before


def _in_turn(work: Work, choice: Choice) -> tuple[Route, ...]:
    """The route that this attempt was for, even if it was called off before; then the others."""
    drawn = choose_route(work, choice)
    return choice.routes if drawn is None else (drawn.route, *choice.routes)


def _wait(failure: AttemptFailure, number: int, limits: Limits) -> float:
    if failure.retry_after_seconds is not None:
        return failure.retry_after_seconds
    if failure.kind in {"lost", "timed_out"}:
        return 0.0
    backoff: float = limits.backoff_seconds * 2 ** (number - 1)
    return min(backoff, limits.wait_limit_seconds)


def _not_waited(work: Work, wait: float, now: datetime, limits: Limits) -> str | None:
    """Why the next attempt is not waited for, in words for whoever asks why the run failed."""
    again = f"it could be tried again in {wait:g} s"
    if wait > limits.defer_limit_seconds:
        return f"{again}, and at most {limits.defer_limit_seconds:g} s are waited"
    if later(now, wait) >= work.deadline:
        return f"{again}, which is past the deadline of its step, {work.deadline.isoformat()}"
    return None


def _no_route(work: Work, choice: Choice) -> str:
    alias = work.step.requested.body.alias
    if not choice.routes:
        return f"no route of the alias {alias!r} can be reached: set its key or base URL"
    asked = ", ".join(pair(route) for route in choice.routes)
    return f"the hold covers {', '.join(work.hold.routes)}; alias {alias!r} has {asked}"
