"""Prometheus metrics of the bus. No ids in labels: a label is a fact type, a rule, a class."""

from prometheus_client import Counter, Gauge, Histogram

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

EXPORTED = Counter("interlock_telemetry_exported", "Spans that a back end took", ["signal"])
DROPPED = Counter("interlock_telemetry_dropped", "Spans that no back end has", ["signal"])
EXPORT_FAILURES = Counter("interlock_telemetry_failures", "Exports that failed", ["signal"])
