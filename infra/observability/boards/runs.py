"""Do runs end well, in time, and who is waited for?"""

from infra.observability.grafana import AGENT, Board, Lines, Number, Query, Row, quantile, rate

NOW = Row(
    "Now",
    (
        Number(
            "Under way",
            "short",
            (Query(f"sum(max by (agent, state) (interlock_runs_active{{{AGENT}}}))"),),
            "Runs that have not ended, in any state.",
        ),
        Number(
            "Stuck",
            "short",
            (Query(f"sum(max by (agent) (interlock_runs_stuck{{{AGENT}}}))"),),
            "Runs that wait for nobody, and of which nothing is heard. See the alert StuckRuns.",
            alarming=1,
        ),
        Number(
            "Questions to people",
            "short",
            (Query(f"sum(max by (agent) (interlock_reviews_waiting{{{AGENT}}}))"),),
            "Reviews without an answer: `interlock reviews list`.",
        ),
        Number(
            "Oldest question",
            "s",
            (Query(f"max(interlock_review_oldest_seconds{{{AGENT}}})"),),
            "How long somebody has been waited for. See the alert ReviewWaitsLong.",
            alarming=3600,
        ),
        Number(
            "Stops in force",
            "short",
            (Query("sum(max by (scope) (interlock_stops_active))"),),
            "What people have stopped: `interlock runs orders`.",
            alarming=1,
        ),
        Number(
            "Spend",
            "currencyUSD",
            (Query(f"{rate('interlock_cost_micro_usd_total', where=AGENT)} / 1e6 * 3600"),),
            "Dollars an hour, at the rate of now.",
        ),
    ),
)
ENDINGS = Row(
    "How runs end",
    (
        Lines(
            "Ended",
            "ops",
            (
                Query(
                    rate("interlock_runs_finished_total", "agent, outcome", AGENT),
                    "{{agent}} {{outcome}}",
                ),
            ),
            "Runs a second that completed, failed or were cancelled.",
        ),
        Lines(
            "Why they did not complete",
            "ops",
            (
                Query(
                    rate(
                        "interlock_runs_finished_total",
                        "agent, rule",
                        f'{AGENT}, outcome!="completed"',
                    ),
                    "{{agent}} {{rule}}",
                ),
            ),
            "The rule that ended them: a ceiling, a refusal, a failure, a person.",
        ),
        Lines(
            "Under way",
            "short",
            (
                Query(
                    f"max by (agent, state) (interlock_runs_active{{{AGENT}}})",
                    "{{agent}} {{state}}",
                ),
            ),
            "Runs that have not ended, by state.",
        ),
    ),
)
PACE = Row(
    "How long they take",
    (
        Lines(
            "Duration",
            "s",
            tuple(
                Query(
                    quantile(share, "interlock_run_duration_seconds", "agent", AGENT),
                    f"{{{{agent}}}} {name}",
                )
                for share, name in ((0.5, "half"), (0.95, "95 %"))
            ),
            "From submission to the end, waits for people included.",
        ),
        Lines(
            "Steps",
            "short",
            (Query(quantile(0.95, "interlock_run_steps", "agent", AGENT), "{{agent}}"),),
            "95 of 100 runs took no more. See the alert LoopingAgent.",
        ),
        Lines(
            "Tool calls",
            "short",
            (Query(quantile(0.95, "interlock_run_tool_calls", "agent", AGENT), "{{agent}}"),),
            "95 of 100 runs made no more.",
        ),
        Lines(
            "Longest silence",
            "s",
            (
                Query(
                    f"max by (agent) (interlock_run_oldest_progress_seconds{{{AGENT}}})",
                    "{{agent}}",
                ),
            ),
            "Since the run under way that stood longest last moved.",
        ),
        Lines(
            "Decisions of people",
            "s",
            (
                Query(
                    quantile(0.5, "interlock_review_decision_seconds", "decision"), "{{decision}}"
                ),
            ),
            "From a question to its decision: half were quicker.",
        ),
        Lines(
            "Overhead of a step",
            "s",
            (
                Query(quantile(0.5, "interlock_step_overhead_seconds"), "half"),
                Query(quantile(0.95, "interlock_step_overhead_seconds"), "95 %"),
            ),
            "What neither the model nor the slowest tool took.",
        ),
    ),
)
RUNS = Board("runs", "runs", (NOW, ENDINGS, PACE), agents="interlock_runs_finished_total")
