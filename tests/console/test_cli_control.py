"""`interlock runs pause|resume|stop|orders|input`: what they ask for, and how they fail."""

import json

import pytest

from services.console.cli.errors import CONFLICT, USAGE
from tests.console.test_cli import fake, interlock  # noqa: F401 - `fake` is a fixture

ORDER = {
    "scope": "agent",
    "name": "support",
    "state": "paused",
    "principal": "anna@example.org",
    "reason": "it loops",
    "at": "2026-03-02T12:00:00Z",
}
SCOPES = [
    (["--agent", "support"], {"scope": "agent", "name": "support"}),
    (["--tenant", "acme"], {"scope": "tenant", "name": "acme"}),
    (["--all"], {"scope": "platform"}),
]


def sent(api):
    return json.loads(api.asked[-1].content)


@pytest.mark.parametrize("verb", ["cancel", "pause", "resume"])
def test_one_run_is_asked_for_by_its_id(fake, verb):  # noqa: F811
    fake.answer("POST", f"/runs/r-1/{verb}", {"status": f"{verb}_requested"})

    done = interlock("runs", verb, "r-1", "--reason", "an incident", "--tenant", "acme")

    assert (done.exit_code, done.stdout) == (0, f"r-1  {verb} requested\n")
    assert sent(fake) == {"reason": "an incident"}
    assert fake.asked[-1].url.params["tenant"] == "acme"


@pytest.mark.parametrize(("flags", "scope"), SCOPES)
@pytest.mark.parametrize(
    ("verb", "state"), [("pause", "paused"), ("resume", "running"), ("stop", "stopped")]
)
def test_a_scope_is_ordered(fake, verb, state, flags, scope):  # noqa: F811
    fake.answer("POST", "/control", ORDER)
    yes = ["--yes"] if verb == "stop" else []

    done = interlock("runs", verb, *flags, "--reason", "it loops", *yes)

    assert done.exit_code == 0
    assert sent(fake) == {**scope, "state": state, "reason": "it loops"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["pause"],
        ["resume", "r-1", "--all"],
        ["pause", "--agent", "a", "--tenant", "t"],
        ["stop", "--reason", "x", "--yes"],
    ],
)
def test_an_order_names_exactly_one_scope(fake, arguments):  # noqa: F811
    done = interlock("runs", *arguments)

    assert done.exit_code == USAGE
    assert "--agent, --tenant, --all" in done.stderr
    assert fake.asked == []


@pytest.mark.parametrize(
    ("flags", "told"), [(["--yes"], "--reason"), (["--reason", "it loops"], "--yes")]
)
def test_a_stop_needs_a_reason_and_a_yes(fake, flags, told):  # noqa: F811
    done = interlock("runs", "stop", "--all", *flags)

    assert done.exit_code == USAGE
    assert told in done.stderr
    assert fake.asked == []


def test_orders_in_force_are_told_with_who_and_why(fake):  # noqa: F811
    fake.answer("GET", "/control", [ORDER])

    done = interlock("runs", "orders")

    assert "agent support" in done.stdout
    assert "anna@example.org" in done.stdout
    assert "it loops" in done.stdout


def test_no_order_means_that_everything_may_run(fake):  # noqa: F811
    fake.answer("GET", "/control", [])

    assert interlock("runs", "orders").stdout == "Everything may run.\n"


@pytest.mark.parametrize(
    ("outcome", "code"), [("taken", 0), ("waiting", 0), ("refused: busy", CONFLICT)]
)
def test_an_input_tells_what_became_of_it(fake, outcome, code):  # noqa: F811
    fake.answer("POST", "/runs/r-1/input", {"outcome": outcome, "reason": "so"})

    done = interlock("runs", "input", "r-1", "And?", "--policy", "reject")

    assert done.exit_code == code
    assert outcome in done.stdout
    assert sent(fake) == {"text": "And?", "policy": "reject"}
