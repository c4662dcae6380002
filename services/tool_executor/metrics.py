"""What the executor counts of what it says: calls of tools, and how they ended."""

from datetime import datetime

from prometheus_client import Counter, Histogram

from contracts.guardrail import ToolCleared
from contracts.history import Run
from contracts.tool import ToolFailed, ToolSucceeded, ToolUnknown
from shared.bus import Said
from shared.metrics import SECONDS

DURATION_SECONDS = tuple(0.01 * 2**exponent for exponent in range(14))

CALLS = Histogram(
    "gen_ai_execute_tool_duration_seconds",
    "Time of one run of a tool",
    ["gen_ai_tool_name", "error_type"],
    buckets=DURATION_SECONDS,
)
OUTCOMES = Counter(
    "interlock_tool_outcomes", "Calls of tools, by how they ended", ["tool", "outcome"]
)
DISPATCH = Histogram(
    "interlock_tool_dispatch_seconds", "From the request of a call to its claim", buckets=SECONDS
)
REPLAYED = Counter("interlock_tool_replayed", "Results given again to shadow runs", ["tool"])


def count(said: Said) -> None:
    """One fact that was stored. Only tools of the manifest are cleared, so names are bounded."""
    outcome = said.fact.body
    cleared = None if said.cause is None else said.cause.body
    if not isinstance(cleared, ToolCleared):
        return
    match outcome:
        case ToolSucceeded(replayed_from=str()) | ToolFailed(replayed_from=str()):
            REPLAYED.labels(cleared.tool).inc()
        case ToolSucceeded(duration_ms=duration_ms):
            OUTCOMES.labels(cleared.tool, "succeeded").inc()
            CALLS.labels(cleared.tool, "").observe(duration_ms / 1000)
        case ToolFailed(kind=kind, duration_ms=duration_ms):
            OUTCOMES.labels(cleared.tool, kind).inc()
            if duration_ms:  # Most failures are of calls that were never made.
                CALLS.labels(cleared.tool, kind).observe(duration_ms / 1000)
        case ToolUnknown():
            OUTCOMES.labels(cleared.tool, "unknown").inc()


def count_dispatch(run: Run, call: str, now: datetime) -> None:
    """A claim that was won."""
    asked = run.call(call)
    if asked is not None and asked.last is not None:
        request = asked.last.request
        waited = now - (request.stored_at or request.time)
        DISPATCH.observe(max(0.0, waited.total_seconds()))
