"""`interlock eval frontier`: what it asks for, and what it shows."""

import json

import pytest
from typer.testing import CliRunner

from infra.evals.commands import app
from tests.console.test_cli import fake  # noqa: F401 - a fixture

PATH = "/evaluations/frontier"
LINE = {
    "agent": "support",
    "alias": "default",
    "models": ["openai/gpt-5-mini"],
    "runs": 120,
    "accepted": 110,
    "rate": {"value": 0.9167, "low": 0.8531, "high": 0.9543},
    "cost_micro_usd": 52_800,
    "cost_per_accepted_micro_usd": {"value": 480, "low": 451, "high": 522},
    "p50_seconds": 1.24,
    "on_frontier": True,
    "dominated_by": None,
}
BEATEN = {
    **LINE,
    "models": ["anthropic/claude-haiku-4-5", "openai/gpt-5"],
    "accepted": 0,
    "rate": {"value": 0.0, "low": 0.0, "high": 0.031},
    "cost_per_accepted_micro_usd": {"value": None, "low": 9000, "high": None},
    "on_frontier": False,
    "dominated_by": ["openai/gpt-5-mini"],
}
WINDOW = {"since": "2026-01-01T00:00:00Z", "until": "2026-01-31T00:00:00Z"}


def report(*lines, whole=True):
    return {**WINDOW, "lines": list(lines), "whole": whole}


def frontier(*arguments, columns="120"):
    return CliRunner().invoke(app, ["frontier", *arguments], env={"COLUMNS": columns})


def test_a_line_shows_share_price_and_standing(fake):  # noqa: F811 - the fixture
    fake.answer("GET", PATH, report(LINE, BEATEN))

    done = frontier()

    assert done.exit_code == 0, done.output
    columns, first, bounds, *_ = done.stdout.splitlines()
    assert " ".join(columns.split()) == "agent models runs accepted per accepted p50 standing"
    assert first.split() == [
        *("1", "support", "openai/gpt-5-mini", "120", "92%", "$0.000480", "1.2", "s", "frontier")
    ]
    assert bounds.split() == ["default", "85", "to", "95%", "$0.000451", "to"]
    assert "point estimates" in done.stdout


def test_what_is_beaten_names_the_line_that_beats_it(fake):  # noqa: F811 - the fixture
    fake.answer("GET", PATH, report(LINE, BEATEN))

    first, second, third = frontier().stdout.splitlines()[4:7]

    assert first.split()[-5:] == ["0%", "none", "1.2", "s", "beaten"]
    assert second.split() == [
        *("default", "openai/gpt-5", "0", "to", "3%", "$0.009000", "or", "by", "1")
    ]
    assert third.split() == ["more"]


def test_a_price_without_bounds_says_why(fake):  # noqa: F811 - the fixture
    price = {"value": 480, "low": 0, "high": None, "why_unbounded": "below 50 runs"}
    fake.answer("GET", PATH, report({**LINE, "cost_per_accepted_micro_usd": price}))

    shown = " ".join(frontier().stdout.split())

    assert "no bounds:" in shown
    assert "below 50 runs" in shown


def test_nothing_is_cut_off_in_a_terminal_of_80_characters(fake):  # noqa: F811 - the fixture
    fake.answer("GET", PATH, report(LINE, BEATEN))

    shown = frontier(columns="80").stdout

    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_every_option_reaches_the_api(fake):  # noqa: F811 - the fixture
    fake.answer("GET", PATH, report())

    done = frontier(
        *("--agent", "support", "--since", "7d", "--until", "2026-01-31T12:00"),
        *("--tenant", "acme", "--trials"),
    )

    asked = fake.asked[0].url.params
    assert done.exit_code == 0, done.output
    assert (asked["agent"], asked["tenant"], asked["trials"]) == ("support", "acme", "True")
    assert asked["since"].endswith("+00:00")
    assert asked["until"] == "2026-01-31T12:00:00+00:00"


def test_without_options_nothing_is_asked_for(fake):  # noqa: F811 - the fixture
    fake.answer("GET", PATH, report())

    frontier()

    assert not fake.asked[0].url.params


def test_where_nothing_was_evaluated_it_tells_how_runs_are(fake):  # noqa: F811 - the fixture
    fake.answer("GET", PATH, report())

    done = frontier()

    assert done.exit_code == 0
    assert "evaluators: [" in done.stdout
    assert "--trials" in done.stdout


@pytest.mark.parametrize("option", [["--json"], ["-o", "json"]])
def test_a_script_gets_the_whole_answer(fake, option):  # noqa: F811 - the fixture
    fake.answer("GET", PATH, report(LINE))

    assert json.loads(frontier(*option).stdout) == report(LINE)


def test_more_lines_than_are_told_are_said_to_be_there(fake):  # noqa: F811 - the fixture
    fake.answer("GET", PATH, report(LINE, whole=False))

    assert "There are more" in frontier().stdout


def test_a_moment_that_is_none_is_wrong_usage(fake):  # noqa: F811 - the fixture
    assert frontier("--since", "yesterday").exit_code == 2
