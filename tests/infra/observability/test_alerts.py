"""Every alert rule, by promtool: it fires where it should, and is silent where it should be."""

import json
import re
import shlex
import subprocess
from dataclasses import dataclass

import pytest
import typer.main
import yaml

from services.console.cli import app
from tests.architecture.sources import ROOT
from tests.infra.observability.prometheus import program

RULES = ROOT / "infra/observability/alerts.yml"
PAGE = ROOT / "docs/recipes/alerts.md"
PROMTOOL_SECONDS = 60
ALERTS = {rule["alert"]: rule for rule in yaml.safe_load(RULES.read_text())["groups"][0]["rules"]}


@dataclass(frozen=True)
class Case:
    """Series, each with its values a minute apart; the alert is looked at after the last."""

    alert: str
    fires: dict[str, str]
    silent: dict[str, str]
    minutes: int


READY = 'interlock_ready{instance="router"}'
UP = 'up{job="interlock",instance="router"}'
OLDEST = 'interlock_consumer_oldest_seconds{consumer="router"}'
PENDING = 'interlock_consumer_pending{consumer="observer"}'
SPENT = "interlock_cost_micro_usd_total"
FAILED = 'interlock_model_failures_total{provider="openai",model="m",kind="unavailable"}'
ANSWERED = 'gen_ai_client_operation_duration_seconds_count{gen_ai_provider_name="openai"}'
STEPS = 'interlock_run_steps_bucket{agent="support",le="%s"}'
SUM = 'interlock_evaluation_score_sum{agent="support"}'
COUNT = 'interlock_evaluation_score_count{agent="support"}'
FELL = 'interlock_online_weight_total{agent="support",metric="truthful",outcome="%s"}'
RETURNED = 'interlock_canaries_returned_total{agent="support",outcome="worse"}'
DRAWN = 'interlock_online_scores_total{agent="support",metric="truthful",outcome="%s"}'
BYTES = 'interlock_stream_bytes{stream="RUNS"}'
HELD = 'interlock_tools_quarantined{tool="send_email"}'
LIMIT = 'interlock_stream_limit_bytes{stream="RUNS"}'

CASES = (
    Case("ServiceNotHearing", {READY: "1 0x10"}, {READY: "1 0 1x10"}, 5),
    Case("ServiceNotHearing", {UP: "1 0x10"}, {UP: "1 0 1x10"}, 5),
    Case("ConsumerLagGrowing", {PENDING: "2000+100x30"}, {PENDING: "9000-100x30"}, 25),
    Case("ConsumerLagGrowing", {OLDEST: "301+60x30"}, {OLDEST: "0+5x30"}, 25),
    Case("ToolQuarantined", {HELD: "0 1x5"}, {HELD: "1 0x5"}, 3),
    Case(
        "DeadLetters",
        {"interlock_dead_letters_open": "0 0 1x5"},
        {"interlock_dead_letters_open": "2 1 0x5"},
        5,
    ),
    Case(
        "StuckRuns",
        {'interlock_runs_stuck{agent="support"}': "1x10"},
        {'interlock_runs_stuck{agent="support"}': "1 1 0x10"},
        7,
    ),
    Case(
        "ReviewWaitsLong",
        {'interlock_review_oldest_seconds{agent="support"}': "3601+60x10"},
        {'interlock_review_oldest_seconds{agent="support"}': "60+60x10"},
        7,
    ),
    Case(
        "SpendVelocity",
        {SPENT: "0+100000x60 6100000+1000000x30"},
        {SPENT: "0+100000x60 6100000+200000x30"},
        85,
    ),
    Case(
        "BudgetNearlySpent",
        {'interlock_budget_remaining_ratio{budget="tenant:acme"}': "0.05x5"},
        {'interlock_budget_remaining_ratio{budget="tenant:acme"}': "0.5x5"},
        2,
    ),
    Case(
        "BudgetFrozen", {"interlock_budgets_frozen": "1x5"}, {"interlock_budgets_frozen": "0x5"}, 2
    ),
    Case(
        "ProviderFailing",
        {FAILED: "0+30x20", ANSWERED: "0+60x20"},
        {FAILED: "0+3x20", ANSWERED: "0+60x20"},
        15,
    ),
    Case(
        "NoModelAnswers",
        {'interlock_runs_finished_total{rule="model_failed"}': "0+1x30"},
        {'interlock_runs_finished_total{rule="stopped"}': "0+1x30"},
        20,
    ),
    Case(
        "GuardrailFailing",
        {'interlock_guardrail_errors_total{check="pii"}': "0 0 0 1x9"},
        {'interlock_guardrail_errors_total{check="pii"}': "7x10"},
        6,
    ),
    # The first error is the first value of its series: there is no increase, and it counts.
    Case(
        "GuardrailFailing",
        {'interlock_guardrail_errors_total{check="pii"}': "_ _ _ 1x9"},
        {'interlock_guardrail_errors_total{check="pii"}': "1x9"},
        6,
    ),
    Case(
        "CanaryFound",
        {'interlock_guardrail_canaries_total{gate="answer",rule="canary"}': "_x75 1x9"},
        {'interlock_guardrail_canaries_total{gate="answer",rule="canary"}': "1x90"},
        80,
    ),
    Case(
        "LoopingAgent",
        {STEPS % "5": "0x60", STEPS % "34": "0+10x60", STEPS % "+Inf": "0+10x60"},
        {STEPS % "5": "0+10x60", STEPS % "34": "0+10x60", STEPS % "+Inf": "0+10x60"},
        50,
    ),
    Case(
        "ScoreDrop",
        {SUM: "0+0.9x120 108+0.5x120", COUNT: "0+1x120 121+1x120"},
        {SUM: "0+0.9x120 109+0.9x120", COUNT: "0+1x120 121+1x120"},
        225,
    ),
    Case(
        "QualityDrift",
        {
            DRAWN % "passed": "0+1x400 401+0.5x400",
            FELL % "failed": "0x400 0+0.5x400",
            FELL % "passed": "0+1x400 401+0.5x400",
            DRAWN % "failed": "0x400 0+0.5x400",
        },
        {DRAWN % "passed": "0+1x800", FELL % "passed": "0+0.9x800", FELL % "failed": "0+0.1x800"},
        790,
    ),
    Case(
        "CanaryReturned",
        {RETURNED: "0x30 1x30"},
        {RETURNED: "1x60"},
        35,
    ),
    Case(
        "StreamNearlyFull",
        {BYTES: "900x10", LIMIT: "1000x10"},
        {BYTES: "500x10", LIMIT: "1000x10"},
        7,
    ),
    Case(
        "TelemetryDropping",
        {'interlock_telemetry_dropped_total{signal="traces"}': "0+10x20"},
        {'interlock_telemetry_dropped_total{signal="traces"}': "10x20"},
        15,
    ),
    Case(
        "ProjectionLagging",
        {"interlock_projection_lag_seconds": "61+1x10"},
        {"interlock_projection_lag_seconds": "1x10"},
        7,
    ),
)


@pytest.fixture(scope="module")
def promtool():
    return program("promtool")


def test_every_alert_has_a_case():
    assert sorted(ALERTS) == sorted({case.alert for case in CASES})


@pytest.mark.timeout(200)
def test_prometheus_takes_the_example_and_the_rules_that_it_names(promtool):
    done = subprocess.run(
        [promtool, "check", "config", RULES.with_name("prometheus.yml")],
        capture_output=True,
        text=True,
        timeout=PROMTOOL_SECONDS,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(ALERTS)} rules found" in done.stdout


@pytest.mark.timeout(200)
def test_every_alert_fires_when_it_should_and_only_then(promtool, tmp_path):
    tests = [
        _test(case, series, fires=fires)
        for case in CASES
        for series, fires in ((case.fires, True), (case.silent, False))
    ]
    file = tmp_path / "tests.yml"
    file.write_text(json.dumps({"rule_files": [str(RULES)], "tests": tests}))

    done = subprocess.run(
        [promtool, "test", "rules", file],
        capture_output=True,
        text=True,
        timeout=PROMTOOL_SECONDS,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def _test(case: Case, series: dict[str, str], *, fires: bool) -> dict[str, object]:
    """Whether it fires is asked of the series that Prometheus itself writes of alerts."""
    query = f'count(ALERTS{{alertname="{case.alert}",alertstate="firing"}}) or vector(0)'
    return {
        "name": f"{case.alert} {'fires' if fires else 'is silent'}",
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": query,
                "eval_time": f"{case.minutes}m",
                "exp_samples": [{"labels": "{}", "value": 1 if fires else 0}],
            }
        ],
    }


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_names_the_command_that_contains_it_and_it_exists(alert):
    words = shlex.split(ALERTS[alert]["annotations"]["containment"])
    command = typer.main.get_command(app)

    assert words[0] == "interlock"
    if words[1] == "doctor":
        return
    for word in words[1:3]:
        command = command.commands[word]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_has_its_section_and_the_section_its_command(alert):
    annotations = ALERTS[alert]["annotations"]
    sections = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)
    (section,) = [one for one in sections if one.splitlines()[0].strip() == alert]

    assert annotations["runbook"] == f"docs/recipes/alerts.md#{alert.lower()}"
    assert annotations["containment"] in section


def test_no_alert_asks_for_a_metric_that_nobody_tells():
    asked = {
        name
        for rule in ALERTS.values()
        for name in re.findall(r"\b(?:interlock|gen_ai)_[a-z_]+\b", rule["expr"])
    } - {"gen_ai_provider_name"}
    told = "".join(
        path.read_text()
        for folder in ("services", "shared")
        for path in (ROOT / folder).rglob("*.py")
    )

    unknown = {
        name for name in asked if f'"{re.sub(r"_(total|bucket|sum|count)$", "", name)}"' not in told
    }
    assert not unknown
