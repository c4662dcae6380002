"""What the executor counts of what it says: calls of tools, and how they ended."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from prometheus_client import Counter, Gauge, Histogram

from contracts.guardrail import ToolCleared
from contracts.history import Run
from contracts.pins import Pins, drift
from contracts.tool import ToolFailed, ToolManifest, ToolSucceeded, ToolUnknown
from shared.bus import Said
from shared.errors import Again
from shared.metrics import SECONDS
from shared.pins import ToolOrders, why_held

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
QUARANTINED = Gauge(
    "interlock_tools_quarantined",
    "1 where a tool is not what was pinned, or not released",
    ["tool"],
)


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


def watch_quarantine(
    manifests: Iterable[ToolManifest], pins: Pins | None, orders: ToolOrders
) -> None:
    """Have each scrape tell which tools are in quarantine by then."""
    for manifest in manifests:
        QUARANTINED.labels(manifest.name).set_function(partial(_level, manifest, pins, orders))


def _level(manifest: ToolManifest, pins: Pins | None, orders: ToolOrders) -> float:
    if drift(manifest, pins) is None:
        return 0
    try:
        order = orders.for_tool(manifest.name)
    except Again:
        return 1  # Nobody can tell whether it was released.
    return float(why_held(manifest, pins, order) is not None)
