"""Metrics that every service has: of the bus, and of what goes out. No ids in labels.

A label is a fact type, a rule, a class: something of which there are few. What one service alone
counts stands in its own room `metrics`; `tests/architecture` has the list of labels that may be.

The instruments are Prometheus' own, on its one registry: `/metrics` shows it, and
`shared/telemetry/export.py` sends it out by OTLP. A count costs 1 to 3 microseconds so. On meters
of OpenTelemetry's SDK it was 9 to 11 with a reader for Prometheus, and 15 to 21 with a second for
OTLP: at some 25 counts a step, 0.5 ms against 0.07 (Python 3.11, one core).
"""

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

# Two series for each would be told, the second of when the first began: nobody asks.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's

# Stands for a name that somebody made up: names of tasks and of models are not labels.
UNKNOWN = "unknown"

# As the conventions for generative AI have them: from a cache hit to the longest call.
LONG_SECONDS = (0.01, 0.04, 0.16, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 300, 1800)
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

HEARD = Counter("interlock_facts_heard", "Deliveries handled, by outcome", ["type", "outcome"])
SAID = Counter("interlock_facts_said", "Facts published", ["type"])
HANDLING = Histogram("interlock_handler_seconds", "Time in a handler", ["type"], buckets=SECONDS)
QUEUED = Histogram(
    "interlock_queue_seconds", "From the server's timestamp to the handler", buckets=SECONDS
)
IN_FLIGHT = Gauge("interlock_in_flight", "Messages being handled")
HELD = Counter("interlock_recovery_held", "Repeated deliveries that waited for a slot")
STALE = Counter("interlock_stale_appends", "Optimistic appends that lost")
UNBELIEVABLE = Counter("interlock_unbelievable", "Messages that are no facts", ["rule"])
DEAD_LETTERS = Counter("interlock_dead_letters", "Messages put aside for people", ["rule"])
SQUATTED = Counter("interlock_squatted_ids", "Facts whose message id somebody had taken")
CONNECTION_ERRORS = Counter("interlock_nats_errors", "Asynchronous NATS errors", ["error"])
CACHED_RUNS = Gauge("interlock_cached_runs", "Folded runs kept in memory")
READY = Gauge("interlock_ready", "1 while the service hears")

EXPORTED = Counter("interlock_telemetry_exported", "What a back end took", ["signal"])
DROPPED = Counter("interlock_telemetry_dropped", "What no back end has", ["signal"])
EXPORT_FAILURES = Counter("interlock_telemetry_failures", "Exports that failed", ["signal"])
