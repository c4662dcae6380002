"""A metric's labels have few values: never a run, a tenant, a person, or what a model made up."""

import ast

import pytest

from tests.architecture.sources import modules, name_of, parsed

INSTRUMENTS = {"Counter", "Gauge", "Histogram", "Summary", "Levels"}
PREFIXES = ("interlock_", "gen_ai_")
# What each may be, so that whoever adds one thinks of how many values it has.
LABELS = {
    "agent": "names of the configuration, or unknown",
    "budget": "budgets that the configuration names, without their window",
    "check": "content checks",
    "consumer": "durable consumers of the table",
    "decision": "words of a contract",
    "error": "classes of exceptions",
    "error_type": "kinds of failures",
    "gate": "task, tool, result, answer, input",
    "gen_ai_operation_name": "chat",
    "gen_ai_provider_name": "providers of configured routes",
    "gen_ai_request_model": "models of configured routes",
    "gen_ai_token_type": "input, output",
    "gen_ai_tool_name": "declared tools",
    "kind": "words of a contract",
    "metric": "those that online.yaml names",
    "model": "models of configured routes",
    "outcome": "words of a contract",
    "passed": "true, false",
    "provider": "providers of configured routes",
    "role": "retry, fallback, hedge",
    "rule": "rules of contracts and policies",
    "scope": "of an order to stop",
    "signal": "traces, metrics, logs",
    "state": "of a run",
    "stream": "streams of the table",
    "tool": "declared tools",
    "type": "types of facts",
}
MADE = [
    pytest.param(path, node, id=f"{name_of(path)}:{node.lineno}")
    for path in modules("shared", "services", "infra")
    for node in ast.walk(parsed(path))
    if isinstance(node, ast.Call)
    and isinstance(node.func, ast.Name)
    and node.func.id in INSTRUMENTS
    and node.args
    and isinstance(node.args[0], ast.Constant)
    and isinstance(node.args[0].value, str)
]


def labels_of(node):
    """The label names of an instrument, as they are written."""
    if len(node.args) < 3:
        return []
    assert isinstance(node.args[2], ast.List | ast.Tuple), "write the labels out as a list"
    return [ast.literal_eval(one) for one in node.args[2].elts]


def test_the_metrics_are_found():
    assert len(MADE) >= 30


@pytest.mark.parametrize(("path", "node"), MADE)
def test_a_metric_has_no_label_of_unknown_extent(path, node):
    unknown = set(labels_of(node)) - set(LABELS)

    assert not unknown, (
        f"{name_of(path)}:{node.lineno}: may {sorted(unknown)} have thousands of values? "
        "Then leave it out; a run is found in lists and traces. If not, say why in LABELS."
    )


@pytest.mark.parametrize(("path", "node"), MADE)
def test_a_metric_is_named_after_us_or_by_the_conventions(path, node):
    name = node.args[0].value

    assert name.startswith(PREFIXES), f"{name_of(path)}:{node.lineno}: {name} says not whose it is"
    assert not name.endswith("_total"), f"{name}: the library adds _total itself"
