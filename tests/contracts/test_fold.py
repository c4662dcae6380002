"""What a run means: what counts, what changes nothing, and what may come late."""

from copy import deepcopy

import pytest

from contracts.control import RunCancelRequested
from contracts.evaluation import RunEvaluated, RunLabelled
from contracts.guardrail import TaskBlocked
from contracts.history import fold
from contracts.model import ModelAttemptRequested
from contracts.money import ModelUnfunded
from contracts.run import RunCancelled, RunFailed
from contracts.task import TaskConflicted
from tests.bodies import (
    DIGEST,
    NOON,
    VERDICT,
    claimed,
    manifest,
    model_requested,
    responded,
    settled,
    task,
    tool_succeeded,
)
from tests.histories import History, given, whole_run


@pytest.fixture
def history():
    return History()


def called(history: History, *names: str):
    """A run whose model asked for these tools; gives its answer."""
    history.begin(manifest())
    return history.step(calls=[(name, "{}") for name in names or ("find_order",)])


def test_a_whole_run_is_completed_and_its_cost_is_the_sum_of_its_attempts():
    run = whole_run().run

    assert (run.status, len(run.steps), run.cost_micro_usd) == ("completed", 2, 240)


def test_no_facts_are_no_run():
    with pytest.raises(ValueError, match="no facts"):
        fold([])


def test_a_fact_that_was_folded_changes_nothing():
    history = whole_run()
    run = history.run
    before = deepcopy(run)

    assert fold(history.facts, onto=run) == before


def test_a_second_delivery_under_the_same_id_changes_only_the_position(history):
    first = called(history)
    before = history.run

    history.repeat(first)

    after = history.run
    assert after.last_sequence == before.last_sequence + 1
    after.last_sequence = before.last_sequence
    assert after == before


def test_of_two_verdicts_on_a_task_the_first_stands(history):
    submitted = history.say(task())
    blocked = history.say(TaskBlocked(**VERDICT), submitted)
    history.begin()

    assert history.run.verdict == blocked
    assert history.run.started is None


def test_of_two_answers_of_the_ledger_the_first_stands(history):
    asked = history.ask(history.begin())
    unfunded = ModelUnfunded(step=1, attempt=1, rule="no_price", reason="no price")
    refused = history.say(unfunded, asked)
    history.fund(asked)

    assert history.run.step.last_attempt.verdict == refused


def test_of_two_claims_the_first_stands(history):
    funded = history.fund(history.ask(history.begin()))
    mine = history.say(claimed(nonce="mine"), funded)
    history.say(claimed(nonce="yours"), funded)

    assert history.run.step.last_attempt.claim == mine


def test_of_two_ends_the_first_stands(history):
    history.begin()
    failed = RunFailed(rule="deadline_passed", reason="15 minutes are over")
    history.say(failed, history.root)
    history.say(RunCancelled(principal="anna", reason="enough"), history.root)

    assert history.run.status == "failed"


def test_a_fact_of_an_unknown_cause_changes_nothing(history):
    called(history)
    before = history.run

    history.say(tool_succeeded("1-1"), "acme/r-1:nobody-said-this")

    after = history.run
    assert (after.steps, after.status, after.cost_micro_usd) == (
        before.steps,
        before.status,
        before.cost_micro_usd,
    )


def test_a_squatter_cannot_take_the_place_of_an_answer(history):
    """The executor answers the ledger's fact: it fits nothing, and takes nobody's id."""
    funded = history.fund(history.ask(history.begin()))
    squatter = history.say(tool_succeeded("1-1"), funded)
    answer = history.answer(funded, text="hello")

    assert squatter.id != answer.id
    assert history.run.step.outcome == answer


def test_a_step_out_of_order_is_not_opened(history):
    started = history.begin()
    history.say(model_requested(step=2), started)

    assert history.run.steps == []


def test_a_second_body_under_a_taken_run_id_is_a_conflict_until_it_is_told(history):
    history.begin()
    second = history.say(task("Something else"))
    assert history.run.conflicts == [second]
    assert history.run.submitted.body == task()

    told = TaskConflicted(
        first_sha256=DIGEST, second_sha256=DIGEST, second_sequence=second.sequence, reason="taken"
    )
    history.say(told, history.root)
    assert history.run.conflicts == []


def test_the_same_body_submitted_again_is_no_conflict(history):
    history.begin()
    history.say(task())

    assert history.run.conflicts == []


def test_a_retry_is_an_attempt_of_its_own_at_the_same_step(history):
    funded = history.fund(history.ask(history.begin()))
    history.say(claimed(), funded)
    again = history.say(another_attempt(), funded)
    second = history.fund(again)
    history.say(responded(attempt=2, text="hello"), second)

    step = history.run.step
    assert [attempt.number for attempt in step.attempts] == [1, 2]
    assert step.outcome.body.text == "hello"


def test_of_two_attempts_that_answer_the_first_answer_stands(history):
    funded = history.fund(history.ask(history.begin()))
    second = history.fund(history.say(another_attempt(role="hedge"), funded))
    history.say(responded(attempt=2, text="fast"), second)
    history.say(responded(attempt=1, text="slow"), funded)

    assert history.run.step.outcome.body.text == "fast"


def another_attempt(role: str = "retry") -> ModelAttemptRequested:
    return ModelAttemptRequested.model_validate(
        {
            "step": 1,
            "attempt": 2,
            "role": role,
            "route": {"provider": "fake", "api": "fake", "model": "small"},
            "not_before": NOON,
            "previous": {"kind": "unavailable", "reason": "503", "billed": "nothing"},
        }
    )


def test_a_liability_that_turns_into_a_bill_is_counted_once(history):
    funded = history.fund(history.ask(history.begin()))
    liability = settled(cost_micro_usd=5_000).model_copy(update={"state": "liability"})
    history.say(settled(cost_micro_usd=130), history.say(liability, funded))

    assert history.run.cost_micro_usd == 130


def test_a_bill_is_final(history):
    funded = history.fund(history.ask(history.begin()))
    late = settled(cost_micro_usd=5_000).model_copy(update={"state": "liability"})
    history.say(late, history.say(settled(cost_micro_usd=130), funded))

    assert history.run.cost_micro_usd == 130


def test_a_bill_after_the_end_is_still_counted(history):
    funded = history.fund(history.ask(history.begin()))
    history.say(RunCancelled(principal="anna", reason="enough"), history.root)
    history.say(settled(cost_micro_usd=130), funded)

    assert (history.run.status, history.run.cost_micro_usd) == ("cancelled", 130)


def test_the_first_wish_to_cancel_is_kept(history):
    history.begin()
    first = history.say(RunCancelRequested(principal="anna", nonce="a"), history.root)
    history.say(RunCancelRequested(principal="bob", nonce="b"), history.root)

    assert history.run.cancel == first


def test_a_label_follows_from_the_scores_that_it_is_about(history):
    history.begin()
    end = history.say(RunCancelled(principal="anna", reason="enough"), history.root)
    too_early = RunLabelled(principal="anna", nonce="a", metric="polite", passed=True)
    history.say(too_early, end)
    scored = history.say(RunEvaluated(passed=True, score=1.0, assertions=()), end)
    label = history.say(too_early.model_copy(update={"nonce": "b"}), scored)

    assert history.run.labels == [label]
    assert history.run.status == "cancelled"


def test_a_run_begins_where_its_first_fact_lies():
    facts = whole_run().facts

    assert given(facts[3:]).first_sequence == 4
