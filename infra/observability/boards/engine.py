"""Do services hear, does the log have room, and is the record complete?"""

from infra.observability.grafana import Board, Lines, Number, Query, Row, quantile, rate

STANDING = Row(
    "Services",
    (
        Lines(
            "Ready",
            "short",
            (Query("interlock_ready", "{{instance}}"),),
            "1 while a service hears. See the alert ServiceNotHearing.",
        ),
        Lines(
            "Handled",
            "ops",
            (Query(rate("interlock_facts_heard_total", "outcome"), "{{outcome}}"),),
            "Deliveries a second, by what became of them.",
        ),
        Lines(
            "Time in a handler",
            "s",
            (Query(quantile(0.95, "interlock_handler_seconds", "type"), "{{type}}"),),
            "95 of 100 facts of the type took no longer.",
        ),
        Lines(
            "In the queue",
            "s",
            (
                Query(quantile(0.5, "interlock_queue_seconds"), "half"),
                Query(quantile(0.95, "interlock_queue_seconds"), "95 %"),
            ),
            "From the server's timestamp to the handler.",
        ),
        Lines(
            "Being handled",
            "short",
            (Query("interlock_in_flight", "{{instance}}"),),
            "Messages that a process works on at this moment.",
        ),
        Lines(
            "Friction",
            "ops",
            (
                Query(rate("interlock_stale_appends_total"), "appends that lost"),
                Query(rate("interlock_recovery_held_total"), "repeats that waited"),
                Query(rate("interlock_squatted_ids_total"), "ids that were taken"),
                Query(rate("interlock_nats_errors_total", "error"), "{{error}}"),
            ),
            "Each is recovered from; many of one kind have a cause.",
        ),
        Lines(
            "Memory",
            "bytes",
            (Query('process_resident_memory_bytes{job="interlock"}', "{{instance}}"),),
            "Resident memory of each process.",
        ),
        Lines(
            "Processor",
            "percentunit",
            (
                Query(
                    'rate(process_cpu_seconds_total{job="interlock"}[$__rate_interval])',
                    "{{instance}}",
                ),
            ),
            "Of one core.",
        ),
        Lines(
            "Runs in memory",
            "short",
            (Query("interlock_cached_runs", "{{instance}}"),),
            "Folded runs that a process keeps, so as not to read them again.",
        ),
    ),
)
LOG = Row(
    "The log",
    (
        Lines(
            "Not heard yet",
            "short",
            (Query("max by (consumer) (interlock_consumer_pending)", "{{consumer}}"),),
            "Facts that wait for a service. See the alert ConsumerLagGrowing.",
        ),
        Lines(
            "Waiting since",
            "s",
            (Query("max by (consumer) (interlock_consumer_oldest_seconds)", "{{consumer}}"),),
            "Age of the oldest fact that a service has not heard.",
        ),
        Lines(
            "Heard, not settled",
            "short",
            (Query("max by (consumer) (interlock_consumer_ack_pending)", "{{consumer}}"),),
            "At its limit the service is busy; near zero with facts waiting, it does not hear.",
        ),
        Lines(
            "Heard more than once",
            "short",
            (Query("max by (consumer) (interlock_consumer_redelivered)", "{{consumer}}"),),
            "Facts under way that were delivered again.",
        ),
        Lines(
            "Filled",
            "percentunit",
            (
                Query(
                    "max by (stream) (interlock_stream_bytes / interlock_stream_limit_bytes)",
                    "{{stream}}",
                ),
            ),
            "Of what a stream may hold. See the alert StreamNearlyFull.",
        ),
        Lines(
            "Put aside",
            "ops",
            (Query(rate("interlock_dead_letters_total", "rule"), "{{rule}}"),),
            "Dead letters a second, and why.",
        ),
    ),
)
RECORD = Row(
    "The record",
    (
        Number(
            "Dead letters to decide",
            "short",
            (Query("max(interlock_dead_letters_open)"),),
            "`interlock dlq list`. See the alert DeadLetters.",
            width=8,
            alarming=1,
        ),
        Number(
            "Lists are behind",
            "s",
            (Query("max(interlock_projection_lag_seconds)"),),
            "Since when the oldest fact that lists do not show waits. See ProjectionLagging.",
            width=8,
            alarming=60,
        ),
        Number(
            "Facts behind",
            "short",
            (Query("max(interlock_projection_lag_facts)"),),
            "Facts that lists do not show yet.",
            width=8,
        ),
        Lines(
            "Telemetry sent",
            "ops",
            (Query(rate("interlock_telemetry_exported_total", "signal"), "{{signal}}"),),
            "Spans, points and records a second that a back end took.",
            width=12,
        ),
        Lines(
            "Telemetry not sent",
            "ops",
            (
                Query(rate("interlock_telemetry_dropped_total", "signal"), "{{signal}} dropped"),
                Query(
                    rate("interlock_telemetry_failures_total", "signal"),
                    "{{signal}} exports failed",
                ),
            ),
            "See the alert TelemetryDropping; `interlock traces rebuild` tells traces again.",
            width=12,
        ),
    ),
)
ENGINE = Board("engine", "services, log and record", (STANDING, LOG, RECORD))
