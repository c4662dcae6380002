"""Each way to break a promise is found, and an honest run is not accused."""

import pytest

from infra.chaos.books import Books
from infra.chaos.verdict import Story, is_told, judge
from tests.infra.chaos.facts import (
    CAP_MICRO_USD,
    asked,
    cancelled,
    charge,
    claimed,
    completed,
    decided,
    failed,
    requested,
    said,
    started,
    succeeded,
    unknown,
)

SOUND = Books(budgets_over_cap=0, budgets_unbalanced=0, holds_open=0, cost_of_run={})


def verdict_on(*bodies, charges=(), books=SOUND, acknowledged=True):
    """The verdict on one run with these facts."""
    return judge([Story("r-1", acknowledged, [said(body) for body in bodies])], charges, books)


def test_a_run_that_did_what_it_said_is_clean():
    verdict = verdict_on(started(), requested(), succeeded(), completed(), charges=[charge()])

    assert verdict.is_clean
    assert verdict.completed == 1


def test_an_acknowledged_task_without_an_end_is_lost():
    assert verdict_on(started()).lost == ["r-1"]


def test_a_task_that_was_never_acknowledged_is_not_lost():
    assert verdict_on(acknowledged=False).is_clean


def test_two_ends_are_a_duplicate():
    assert verdict_on(completed(), completed()).duplicated == ["r-1 has 2 ends"]


def test_two_charges_of_one_call_are_a_duplicate():
    verdict = verdict_on(
        requested(), succeeded(), completed(), charges=[charge(), charge(attempt=2)]
    )

    assert verdict.duplicated == ["r-1 call 1-1 was charged 2 times"]


def test_a_charge_that_no_call_asked_for_is_a_duplicate():
    verdict = verdict_on(requested(), succeeded(), completed(), charges=[charge(), charge("9-9")])

    assert verdict.duplicated == ["r-1 charged for 9-9, which is no call"]


def test_a_charge_after_a_person_said_no_is_not_a_duplicate_but_a_wrong_answer_is_told():
    story = (requested(), unknown(), asked(), decided("rejected"), completed())
    verdict = verdict_on(*story, charges=[charge(), charge()])

    assert not verdict.duplicated
    assert verdict.contradicted == [
        "r-1 call 1-1 was charged, and a person was led to say that it was not"
    ]


def test_an_unknown_outcome_that_a_person_was_asked_about_is_in_order():
    verdict = verdict_on(requested(), unknown(), asked(), decided("approved"), completed())

    assert verdict.unknown_asked == 1
    assert not verdict.unknown_unasked


def test_an_unknown_outcome_that_was_tried_again_under_its_key_is_in_order():
    story = (requested(), unknown(), requested(attempt=2), succeeded(attempt=2), completed())
    verdict = verdict_on(*story, charges=[charge()])

    assert verdict.is_clean
    assert verdict.unknown_retried == 1


def test_an_unknown_outcome_that_its_worker_told_late_is_in_order():
    verdict = verdict_on(requested(), unknown(), succeeded(), completed(), charges=[charge()])

    assert verdict.is_clean
    assert verdict.unknown_settled_late == 1


def test_an_unknown_outcome_that_nobody_looked_into_is_found():
    verdict = verdict_on(requested(), unknown(), completed(), charges=[charge()])

    assert verdict.unknown_unasked == ["r-1 call 1-1"]


@pytest.mark.parametrize(
    ("outcome", "charges", "sentence"),
    [
        (succeeded(), [], "succeeded, and was never charged"),
        (failed(), [charge()], "failed, and was charged"),
    ],
)
def test_a_log_that_says_other_than_what_happened_is_found(outcome, charges, sentence):
    verdict = verdict_on(requested(), outcome, completed(), charges=charges)

    assert verdict.contradicted == [f"r-1 call 1-1 {sentence}"]


def test_a_run_that_cost_more_than_its_cap_is_found():
    books = Books(0, 0, 0, {"r-1": CAP_MICRO_USD + 1})

    [sentence] = verdict_on(started(), completed(), books=books).overspent

    assert sentence == f"r-1 cost {CAP_MICRO_USD + 1} micro-dollars, its cap is {CAP_MICRO_USD}"


def test_a_budget_above_its_cap_is_found():
    assert verdict_on(books=Books(1, 0, 0, {}), acknowledged=False).overspent


def test_a_call_that_somebody_began_and_of_which_nothing_was_said_is_found():
    """Its run was cancelled, and nobody looked after what it had begun."""
    verdict = verdict_on(requested(), claimed(), cancelled(), charges=[charge()])

    assert verdict.unknown_unasked == ["r-1 call 1-1"]
    assert not told(requested(), claimed(), cancelled())


def test_a_cancelled_run_of_whose_call_a_person_was_asked_is_in_order():
    story = (requested(), claimed(), cancelled(), unknown(), asked())
    verdict = verdict_on(*story, charges=[charge()])

    assert verdict.is_clean
    assert (verdict.cancelled, verdict.unknown_asked) == (1, 1)
    assert told(*story)
    assert not told(*story[:-1])


def told(*bodies):
    return is_told(Story("r-1", True, [said(body) for body in bodies]))
