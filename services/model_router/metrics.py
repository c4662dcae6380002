"""What the router counts of what it says: calls, tokens, failures, further attempts.

The first two have the names and buckets of OpenTelemetry's conventions for generative AI.
"""

from datetime import datetime

from prometheus_client import Counter, Histogram

from contracts.model import (
    AttemptFailure,
    FailureKind,
    ModelAttemptRequested,
    ModelFailed,
    ModelResponded,
    Route,
)
from contracts.money import Usage
from services.model_router.rules import Work
from shared.bus import Said
from shared.metrics import SECONDS

DURATION_SECONDS = tuple(0.01 * 2**exponent for exponent in range(14))
TOKENS = tuple(4**exponent for exponent in range(14))
NONE = "none"  # of an attempt that failed before it had a route

CALLS = Histogram(
    "gen_ai_client_operation_duration_seconds",
    "Time of one call of a model",
    ["gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "error_type"],
    buckets=DURATION_SECONDS,
)
USED = Histogram(
    "gen_ai_client_token_usage",
    "Tokens of one call, as they are billed",
    [
        "gen_ai_operation_name",
        "gen_ai_provider_name",
        "gen_ai_request_model",
        "error_type",
        "gen_ai_token_type",
    ],
    buckets=TOKENS,
)
BILLED = Counter(
    "interlock_model_tokens", "Tokens, each in one bucket", ["provider", "model", "kind"]
)
FAILURES = Counter(
    "interlock_model_failures", "Attempts without an answer", ["provider", "model", "kind"]
)
ATTEMPTS = Counter("interlock_model_attempts", "Further attempts, and why", ["role", "kind"])
DISPATCH = Histogram(
    "interlock_model_dispatch_seconds",
    "From the request of a step to the claim of its first attempt",
    buckets=SECONDS,
)


def count(said: Said) -> None:
    """One fact that was stored."""
    match said.fact.body:
        case ModelResponded() as answer:
            _answered(answer)
        case ModelAttemptRequested(role=role, previous=failure):
            ATTEMPTS.labels(role, failure.kind).inc()
            _failed(failure)
        case ModelFailed(failure=failure):
            _failed(failure)


def count_failed_call(route: Route, kind: FailureKind, seconds: float) -> None:
    """A call that was made, and brought no answer: no fact says how long it took."""
    CALLS.labels("chat", route.provider, route.model, kind).observe(seconds)


def count_dispatch(work: Work, now: datetime) -> None:
    """A claim that was won. Later attempts wait on purpose, and are not counted."""
    asked = work.step.requested
    if work.attempt.number == 1:
        waited = now - (asked.stored_at or asked.time)
        DISPATCH.observe(max(0.0, waited.total_seconds()))


def _answered(answer: ModelResponded) -> None:
    route = answer.served_by.route
    place = ("chat", route.provider, route.model, "")
    CALLS.labels(*place).observe(answer.duration_ms / 1000)
    # A count that was guessed has no place under this name.
    if answer.usage_quality != "reported":
        return
    USED.labels(*place, "input").observe(answer.usage.input_total)
    USED.labels(*place, "output").observe(answer.usage.output_total)
    for kind, tokens in _buckets(answer.usage).items():
        if tokens:
            BILLED.labels(route.provider, route.model, kind).inc(tokens)


def _buckets(usage: Usage) -> dict[str, int]:
    return {
        "input": usage.input_uncached,
        "cache_read": usage.cache_read,
        "cache_write": usage.cache_write_5m + usage.cache_write_1h,
        "output": usage.output_text,
        "reasoning": usage.output_reasoning,
    }


def _failed(failure: AttemptFailure) -> None:
    route = failure.route
    provider, model = (NONE, NONE) if route is None else (route.provider, route.model)
    FAILURES.labels(provider, model, failure.kind).inc()
