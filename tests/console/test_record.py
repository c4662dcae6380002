"""The record of a step, part by part, from facts."""

import inspect
from dataclasses import replace

import pytest

from contracts.history import fold
from contracts.model import ModelRequested
from contracts.shape import sha256_hex
from services.console.rules.record import record_of, whole_record, without_content
from services.tool_executor.rules import clearance
from tests.bodies import manifest
from tests.console.records import (
    RECORDED,
    blocked_call,
    fell_back,
    funded_with,
    no_money,
    out_of_routes,
    parts,
    recorded,
    refused_by_model,
)
from tests.console.stories import REFUND, asked_run, decided_run
from tests.histories import History, whole_run


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_every_prefix_of_a_recorded_run_has_a_record(path):
    exported = recorded(path)
    ancestor = exported.run().ancestor

    for length in range(1, len(exported.own) + 1):
        run = fold(exported.own[:length])
        run.ancestor = ancestor
        found = whole_record(run)
        assert [one.identity.step for one in found.steps] == list(range(1, len(run.steps) + 1))
        assert found.why.verdict


def test_a_fallback_names_the_route_that_was_down_and_the_one_that_served():
    route = record_of(fell_back().run, 1).route

    assert parts(route.attempts, "role") == ["first", "fallback"]
    assert parts(route.attempts, "outcome") == ["failed", "answered"]
    first = route.attempts[0]
    assert (first.route, first.failure, first.http_status) == ("openai/large", "unavailable", 503)
    assert route.served.route == "fake/small"


def test_an_attempt_without_money_says_which_budget_refused():
    record = record_of(no_money().run, 2)

    [denied] = record.money.holds
    assert not denied.granted
    assert (denied.budget, denied.needed_micro_usd, denied.remaining_micro_usd) == (
        "tenant:acme",
        5_000,
        100,
    )
    assert parts(record.route.attempts, "outcome") == ["not_funded"]


def test_a_hold_tells_its_budgets_and_its_bill():
    history = History()
    history.begin()
    funded = funded_with(history, history.ask(history.facts[-1]), 400_000)
    history.answer(funded, "Yes.")

    [hold] = record_of(history.run, 1).money.holds

    assert hold.settlement.state == "open"
    assert [(one.budget, one.remaining_micro_usd) for one in hold.budgets] == [
        ("tenant:acme", 400_000)
    ]


def test_a_step_costs_what_its_attempts_cost():
    [hold] = record_of(whole_run().run, 1).money.holds

    assert (hold.held_micro_usd, hold.settlement.state) == (5_000, "settled")
    assert record_of(whole_run().run, 1).money.cost_micro_usd == 120


def test_a_step_of_which_nothing_came_says_why():
    said = record_of(out_of_routes().run, 1).decided

    assert (said.state, said.kind, said.reason) == ("no_answer", "timed_out", "overloaded")


def test_a_refusal_is_told_with_its_words():
    said = record_of(refused_by_model().run, 1).decided

    assert (said.stop, said.refusal.text) == ("refused", "I will not help with that.")


def test_verdicts_come_in_log_order_with_rule_version_and_findings():
    verdicts = record_of(blocked_call().run, 1).verdicts

    assert [(one.gate, one.decision) for one in verdicts] == [
        ("task", "cleared"),
        ("tool", "blocked"),
        ("tool", "cleared"),
        ("result", "cleared"),
    ]
    assert verdicts[1].rule == "tainted_destination"
    assert verdicts[3].findings[0].check == "pii"
    assert set(parts(verdicts, "policy_version")) == {"p-1"}


def test_a_call_that_was_refused_has_no_claim_and_no_outcome():
    ran, refused = record_of(blocked_call().run, 1).calls

    assert (ran.tries[0].claim, ran.tries[0].outcome, ran.label) == (
        "claimed",
        "succeeded",
        "external",
    )
    assert (refused.tries[0].claim, refused.tries[0].outcome) == ("none", "none")
    assert ran.told.text == "***"


def test_the_idempotency_key_is_the_one_that_the_executor_gives():
    [call] = record_of(whole_run().run, 1).calls

    assert call.idempotency_key == "acme/r-1/1-1"
    assert 'f"{run.tenant}/{run.run_id}/{asked.call}"' in inspect.getsource(clearance)


def test_a_review_tells_who_decided_in_which_role_and_what_they_saw():
    [review] = record_of(decided_run().run, 1).reviews

    assert review.saw.text == REFUND[1]
    assert review.decision.outcome == "approved"
    assert [(one.principal, one.role) for one in review.decision.by] == [
        ("anna@example.org", "support-lead")
    ]
    assert review.decision.waited_ms == 1000
    assert (review.sequence, review.decision.sequence) == (11, 12)


def test_an_open_step_says_who_is_to_speak():
    history, _ = asked_run()

    record = record_of(history.run, 1)

    assert record.state == "open"
    assert record.awaits == "support-lead, to answer about call 1-1, issue_refund"
    assert record.reviews[0].decision.outcome == "open"


def test_a_step_without_an_answer_is_recorded_as_far_as_it_came():
    history = History()
    history.begin()
    history.ask(history.facts[-1])

    record = record_of(history.run, 1)

    assert record.decided.state == "awaited"
    assert record.awaits == "the ledger, to hold money for attempt 1"
    assert record.time.total_ms == 0


def test_a_run_has_no_record_of_a_step_that_it_has_not():
    with pytest.raises(ValueError, match="has 2 steps, and no step 3"):
        record_of(whole_run().run, 3)


def test_without_content_there_are_digests_alone():
    secret = "the parcel of Mrs. Smith"
    history = History()
    history.begin(manifest("find_order"), text=secret)
    first = history.step(text=secret, calls=[("find_order", f'{{"q":"{secret}"}}')])
    history.complete(history.step(history.use(first, shown=secret), text=secret))

    bare = without_content(whole_record(history.run))

    assert secret not in bare.model_dump_json()
    assert whole_record(history.run).model_dump_json().count(secret) >= 5
    assert bare.steps[0].decided.text.sha256 == sha256_hex(secret.encode())


def test_a_refusal_is_content_wherever_it_is_told():
    bare = without_content(whole_record(refused_by_model("my secret words").run))

    assert "secret" not in bare.model_dump_json()


def test_a_trace_is_told_where_the_fact_has_one():
    history = whole_run()
    header = f"00-{'a' * 32}-{'b' * 16}-01"
    facts = [
        replace(one, traceparent=header) if isinstance(one.body, ModelRequested) else one
        for one in history.facts
    ]

    assert record_of(fold(facts), 1).identity.trace_id == "a" * 32
    assert record_of(history.run, 1).identity.trace_id is None


def test_the_verdict_on_the_task_counts_to_the_first_step_alone():
    steps = whole_record(whole_run().run).steps

    assert [parts(one.verdicts, "gate") for one in steps] == [
        ["task", "tool", "result"],
        ["answer"],
    ]


def test_a_step_that_another_follows_is_over_and_waits_for_nobody():
    history = whole_run()
    run = fold(one for one in history.facts if one.type != "run.completed")

    assert [record_of(run, step).awaits for step in (1, 2)] == [
        "",
        "the orchestrator, to end the run",
    ]
