"""What is let through, what is refused, what do tools do, and how good is it?"""

from infra.observability.grafana import Board, Lines, Query, Row, quantile, rate

SCORE = "interlock_evaluation_score"
WEIGHT = "interlock_online_weight_total"
FELL = rate(WEIGHT, "agent, metric", 'outcome!~"passed|undecided"')
TOLD = rate(WEIGHT, "agent, metric", 'outcome!="undecided"')

VERDICTS = Row(
    "Guardrails",
    (
        Lines(
            "Verdicts",
            "ops",
            (
                Query(
                    rate("interlock_guardrail_decisions_total", "gate, decision"),
                    "{{gate}} {{decision}}",
                ),
            ),
            "Verdicts a second at each gate.",
        ),
        Lines(
            "Rules that refused",
            "ops",
            (
                Query(
                    rate(
                        "interlock_guardrail_decisions_total",
                        "gate, rule",
                        'decision!="cleared"',
                    ),
                    "{{gate}} {{rule}}",
                ),
            ),
            "What was blocked or escalated, and by which rule.",
        ),
        Lines(
            "Time of a verdict",
            "s",
            (Query(quantile(0.95, "interlock_guardrail_seconds", "gate"), "{{gate}} 95 %"),),
            "From what was asked to its verdict, the wait in the queue included.",
        ),
        Lines(
            "Checks that could not tell",
            "ops",
            (Query(rate("interlock_guardrail_errors_total", "check"), "{{check}}"),),
            "Down or late: what they should have judged was refused. See GuardrailFailing.",
        ),
        Lines(
            "Verdicts of models that checks ask",
            "ops",
            (Query(rate("interlock_guardrail_judged_total", "check, rule"), "{{check}} {{rule}}"),),
            "All but judged_clean did what a hit does: also who was late, not paid or not in form.",
        ),
        Lines(
            "Time of models that checks ask",
            "s",
            (
                Query(
                    quantile(0.95, "interlock_guardrail_judged_seconds", "check"), "{{check}} 95 %"
                ),
            ),
            "From the question of a check to the end of the run in which a model was asked.",
        ),
        Lines(
            "Messages that are no facts",
            "ops",
            (Query(rate("interlock_unbelievable_total", "rule"), "{{rule}}"),),
            "Forged, re-stored or malformed: somebody tries, or a producer is broken.",
        ),
        Lines(
            "Canaries held back",
            "short",
            (
                Query(
                    "sum by (gate) "
                    "(increase(interlock_guardrail_canaries_total[$__rate_interval]))",
                    "{{gate}}",
                ),
            ),
            "Planted words that were on their way out. See CanaryFound.",
        ),
    ),
)
TOOLS = Row(
    "Tools",
    (
        Lines(
            "Outcomes",
            "ops",
            (
                Query(
                    rate("interlock_tool_outcomes_total", "tool, outcome"), "{{tool}} {{outcome}}"
                ),
            ),
            "Calls a second. Unknown means that a person may be asked.",
        ),
        Lines(
            "Duration",
            "s",
            (
                Query(
                    quantile(0.95, "gen_ai_execute_tool_duration_seconds", "gen_ai_tool_name"),
                    "{{gen_ai_tool_name}}",
                ),
            ),
            "95 of 100 runs of the tool took no longer.",
        ),
        Lines(
            "Until a tool runs",
            "s",
            (
                Query(quantile(0.5, "interlock_tool_dispatch_seconds"), "half"),
                Query(quantile(0.95, "interlock_tool_dispatch_seconds"), "95 %"),
            ),
            "From the request of a call to its claim: policy and queues.",
        ),
        Lines(
            "Replayed to shadows",
            "ops",
            (Query(rate("interlock_tool_replayed_total", "tool"), "{{tool}}"),),
            "Recorded results that forks were given again; no tool ran.",
        ),
        Lines(
            "In quarantine",
            "short",
            (Query("max by (tool) (interlock_tools_quarantined)", "{{tool}}"),),
            "Tools that are not what was pinned: no call of them starts. See ToolQuarantined.",
        ),
    ),
)
QUALITY = Row(
    "Quality",
    (
        Lines(
            "Score",
            "none",
            (
                Query(
                    f"{rate(f'{SCORE}_sum', 'agent')} / {rate(f'{SCORE}_count', 'agent')}",
                    "{{agent}}",
                ),
            ),
            "The mean of runs that were assessed. See the alert ScoreDrop.",
            width=12,
        ),
        Lines(
            "Assessed",
            "ops",
            (
                Query(
                    rate("interlock_evaluations_total", "agent, passed"),
                    "{{agent}} passed={{passed}}",
                ),
            ),
            "Runs a second, and whether they passed.",
            width=12,
        ),
        Lines(
            "Watched",
            "percentunit",
            (Query(f"{FELL} / {TOLD}", "{{agent}} {{metric}}"),),
            "The share of all runs that fail a metric, by those that were drawn. See QualityDrift.",
            width=12,
        ),
        Lines(
            "Drawn",
            "ops",
            (
                Query(
                    rate("interlock_online_scores_total", "agent, metric, outcome"),
                    "{{agent}} {{metric}} {{outcome}}",
                ),
            ),
            "Runs a second that were judged because they were drawn.",
            width=12,
        ),
        Lines(
            "Canaries that went back",
            "short",
            (
                Query(
                    "sum by (agent, outcome) "
                    "(increase(interlock_canaries_returned_total[$__rate_interval]))",
                    "{{agent}} {{outcome}}",
                ),
            ),
            "Versions that did worse than production, or cost more. See CanaryReturned.",
            width=12,
        ),
    ),
)
GATES = Board("gates", "guardrails, tools and quality", (VERDICTS, TOOLS, QUALITY))
