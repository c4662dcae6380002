"""Plans of tasks, and agents with the worst that they could do, as a terminal shows them."""

import pytest

from tests.console.test_cli import fake, interlock  # noqa: F401 - a fixture


@pytest.mark.parametrize("plan", ["find_order", "find_order=x", "=1"])
def test_a_plan_that_is_none_is_told(fake, plan):  # noqa: F811
    done = interlock("submit", "support", "Where is it?", "--plan", plan)

    assert done.exit_code == 2
    assert "write tool=calls" in done.stderr
    assert fake.asked == []


def test_an_agent_is_shown_with_the_worst_that_it_could_do(fake):  # noqa: F811
    sink = {"argument": "amount", "kind": "amount", "reach": "records"}
    reach = {
        "tool": "issue_refund",
        "effect": "money",
        "sinks": [sink],
        "calls": 1,
        "largest_amount": "500",
        "review": "amount > 50",
    }
    view = {"version": "0f3a", "definition": {"name": "support"}}
    fake.answer(
        "GET", "/agents/support", {**view, "radius": {"agent": "support", "tools": [reach]}}
    )

    shown = interlock("agents", "show", "support").stdout

    assert "The worst it could do if its model obeyed an attacker" in shown
    assert "issue_refund (money)" in shown
    assert "500, and as the user or the payee's records state" in shown


def test_an_agent_whose_radius_nobody_announced_says_how_to(fake):  # noqa: F811
    view = {"version": "0f3a", "definition": {"name": "support"}, "radius": None}
    fake.answer("GET", "/agents/support", view)

    assert "interlock policy radius --write" in interlock("agents", "show", "support").stdout


def test_the_worst_of_a_run_is_told_with_what_leaves_and_by_which_call(fake):  # noqa: F811
    left = {"agent": "clerk", "tool": "send_email", "effect": "egress", "reach": "records"}
    fetched = {"agent": "support", "tool": "fetch", "effect": "read", "reach": "anybody"}
    worst = {
        "money": "10000",
        "written_to": "found",
        "data": ["find_order"],
        "exits": [{**left, "arguments": ["body"]}, {**fetched, "arguments": ["url"]}],
    }
    spent = {"spends_usd": "0.50", "prices_usd": {"search_web": "0.01"}}
    radius = {"agent": "support", "tools": [], "worst": worst, **spent}
    view = {"version": "0f3a", "definition": {"name": "support"}}
    fake.answer("GET", "/agents/support", {**view, "radius": radius})

    shown = " ".join(interlock("agents", "show", "support").stdout.split())

    assert "one run may pay 10000 in all" in shown
    assert "it may write to or pay records that an outsider may choose" in shown
    assert "data may leave by send_email of clerk (body) to" in shown
    assert "data may leave by fetch of support (url) with a link of anybody" in shown
    assert "what may leave: find_order" in shown
    assert "one run may spend 0.50 dollars in all: models, search_web at 0.01 a call" in shown
