"""Do models answer, how fast, and what does it cost?"""

from infra.observability.grafana import Board, Lines, Number, Query, Row, quantile, rate

CALLS = "gen_ai_client_operation_duration_seconds"
PLACE = "gen_ai_provider_name, gen_ai_request_model"
PLACE_LEGEND = "{{gen_ai_provider_name}} {{gen_ai_request_model}}"

ANSWERS = Row(
    "Calls of models",
    (
        Lines(
            "Calls",
            "ops",
            (Query(rate(f"{CALLS}_count", PLACE), PLACE_LEGEND),),
            "Calls a second that were dispatched, whether or not they brought an answer.",
        ),
        Lines(
            "Duration",
            "s",
            (
                Query(quantile(0.5, CALLS, PLACE), f"{PLACE_LEGEND} half"),
                Query(quantile(0.95, CALLS, PLACE), f"{PLACE_LEGEND} 95 %"),
            ),
            "Of one call, failed ones included.",
        ),
        Lines(
            "Failures",
            "ops",
            (
                Query(
                    rate("interlock_model_failures_total", "provider, model, kind"),
                    "{{provider}} {{model}} {{kind}}",
                ),
            ),
            "Attempts without an answer. See the alert ProviderFailing.",
        ),
        Lines(
            "Further attempts",
            "ops",
            (Query(rate("interlock_model_attempts_total", "role, kind"), "{{role}} {{kind}}"),),
            "Retries, fallbacks and hedges, and the failure before them.",
        ),
        Lines(
            "Until a call is dispatched",
            "s",
            (
                Query(quantile(0.5, "interlock_model_dispatch_seconds"), "half"),
                Query(quantile(0.95, "interlock_model_dispatch_seconds"), "95 %"),
            ),
            "From the request of a step to the claim of its first attempt: funding and queues.",
        ),
        Lines(
            "Tokens a call",
            "short",
            (
                Query(
                    quantile(0.95, "gen_ai_client_token_usage", "gen_ai_token_type"),
                    "{{gen_ai_token_type}}",
                ),
            ),
            "95 of 100 calls had no more, as they were billed.",
        ),
    ),
)
MONEY = Row(
    "Money",
    (
        Lines(
            "Spend by agent",
            "currencyUSD",
            (
                Query(
                    f"{rate('interlock_cost_micro_usd_total', 'agent')} / 1e6 * 3600", "{{agent}}"
                ),
            ),
            "Dollars an hour. See the alert SpendVelocity.",
        ),
        Lines(
            "Spend by model",
            "currencyUSD",
            (
                Query(
                    f"{rate('interlock_cost_micro_usd_total', 'provider, model')} / 1e6 * 3600",
                    "{{provider}} {{model}}",
                ),
            ),
            "Dollars an hour.",
        ),
        Lines(
            "Tokens",
            "short",
            (
                Query(
                    rate("interlock_model_tokens_total", "provider, model, kind"),
                    "{{provider}} {{model}} {{kind}}",
                ),
            ),
            "Tokens a second; each is in one kind alone.",
        ),
        Lines(
            "Left of budgets",
            "percentunit",
            (Query("min by (budget) (interlock_budget_remaining_ratio)", "{{budget}}"),),
            "Of the cap. See the alert BudgetNearlySpent.",
            width=12,
        ),
        Lines(
            "Calls without money",
            "ops",
            (Query(rate("interlock_budget_denials_total", "rule"), "{{rule}}"),),
            "Calls a second that were refused, and why.",
            width=12,
        ),
        Number(
            "Budgets frozen",
            "short",
            (Query("max(interlock_budgets_frozen)"),),
            "They give nothing until a person looked. See the alert BudgetFrozen.",
            width=8,
            alarming=1,
        ),
        Number(
            "Held",
            "currencyUSD",
            (Query("max(interlock_money_held_micro_usd) / 1e6"),),
            "Promised to calls that are under way.",
            width=8,
        ),
        Number(
            "Liability",
            "currencyUSD",
            (Query("max(interlock_money_liability_micro_usd) / 1e6"),),
            "Of calls that may yet be billed, because nobody knows how they ended.",
            width=8,
        ),
    ),
)
MODELS = Board("models", "models and money", (ANSWERS, MONEY))
