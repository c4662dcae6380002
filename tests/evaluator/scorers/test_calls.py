"""Scorers of what a run called, and of what that changed."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.guardrail import ToolBlocked
from contracts.scoring import Effects, ExpectedCall, Forbidden, Trajectory
from contracts.tool import ToolUnknown
from services.evaluator.rules import scored
from tests.bodies import VERDICT
from tests.evaluator.scorers.runs import READ, REFUND, call, find, finished, refund
from tests.histories import History

FIND = ExpectedCall(tool="find_order", arguments={"order_id": "1042"})
ANY_FIND = ExpectedCall(tool="find_order")
REFUND_10 = ExpectedCall(tool="issue_refund", arguments={"amount": 10})


def passes(calls, *wanted, **more):
    return scored(finished(*calls), Trajectory(calls=wanted, **more)).passed


@pytest.mark.parametrize(
    ("calls", "wanted", "modes"),
    [
        ([find(), refund()], [FIND, REFUND_10], "strict unordered subset superset"),
        ([refund(), find()], [FIND, REFUND_10], "unordered subset superset"),
        ([find()], [FIND, REFUND_10], "subset"),
        ([find(), find()], [FIND], "subset superset"),
        ([find(), refund()], [FIND], "superset"),
        ([find("9")], [FIND], ""),
        ([], [], "strict unordered subset superset"),
        ([find()], [], "superset"),
    ],
)
@pytest.mark.parametrize("mode", ["strict", "unordered", "subset", "superset"])
def test_a_mode_asks_what_its_name_says(calls, wanted, modes, mode):
    assert passes(calls, *wanted, mode=mode) is (mode in modes.split())


@pytest.mark.parametrize(
    ("real", "wanted", "modes"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 2}, "exact ignore subset superset"),
        ({"a": 1, "b": 2}, {"a": 1}, "ignore superset"),
        ({"a": 1}, {"a": 1, "b": 2}, "ignore subset"),
        ({"a": 1}, {"a": 1.0}, "exact ignore subset superset"),
        ({"a": True}, {"a": 1}, "ignore"),
        ({"a": "1"}, {"a": 1}, "ignore"),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]}, "exact ignore subset superset"),
        ({"a": [1, {"b": 2}]}, {"a": [{"b": 2}, 1]}, "ignore"),
    ],
)
@pytest.mark.parametrize("mode", ["exact", "ignore", "subset", "superset"])
def test_arguments_are_compared_as_far_as_is_asked(real, wanted, modes, mode):
    expected = ExpectedCall(tool="find_order", arguments=wanted)

    assert passes([call("find_order", **real)], expected, mode="strict", arguments=mode) is (
        mode in modes.split()
    )


def test_a_call_that_fits_twice_is_left_for_the_one_that_needs_it():
    # Taken greedily, the first expectation would use up the only call that fits the second.
    assert passes([find(), find("9")], ANY_FIND, FIND, mode="unordered")


names = st.lists(st.sampled_from(["1", "2", "3"]), max_size=4)


@given(names, names)
def test_what_is_strict_is_unordered_and_that_is_both_subset_and_superset(real, wanted):
    run = finished(*(find(one) for one in real))
    calls = tuple(ExpectedCall(tool="find_order", arguments={"order_id": one}) for one in wanted)
    strict, unordered, subset, superset = (
        scored(run, Trajectory(calls=calls, mode=mode)).passed
        for mode in ("strict", "unordered", "subset", "superset")
    )

    assert unordered or not strict
    assert (subset and superset) or not unordered
    assert unordered is (sorted(real) == sorted(wanted))


@pytest.mark.parametrize("order", list(permutations([find("1"), find("2"), refund()])))
def test_unordered_knows_no_order(order):
    wanted = (
        ExpectedCall(tool="find_order", arguments={"order_id": "1"}),
        ExpectedCall(tool="find_order", arguments={"order_id": "2"}),
        REFUND_10,
    )

    assert passes(order, *wanted, mode="unordered")


def test_a_trajectory_that_is_nearly_right_scores_more_than_one_that_is_not():
    scorer = Trajectory(calls=(FIND, REFUND_10), mode="strict")
    near, far = scored(finished(find()), scorer), scored(finished(), scorer)

    assert 0 == far.score < near.score < 1
    assert near.reason == ('call 2 is no further call; expected was issue_refund({"amount": 10})')


def test_a_forbidden_call_counts_though_a_gate_stopped_it():
    history = History()
    history.begin(READ, REFUND)
    asked = history.call(history.step(calls=[refund(99)]))
    history.say(ToolBlocked(**VERDICT, call="1-1", attempt=1), asked)
    scorer = Forbidden(calls=(ExpectedCall(tool="issue_refund"),))

    found = scored(history.run, scorer)

    assert not found.passed
    assert "issue_refund" in found.reason
    assert "in 1-1" in found.reason
    assert scored(finished(find()), scorer).passed


def test_what_a_person_wrote_in_its_place_was_not_asked_for_by_the_model():
    history = History()
    history.begin(READ, REFUND)
    answered = history.step(calls=[refund(9999)])
    asked = history.call(answered)
    body = asked.body.model_copy(update={"attempt": 2, "arguments_json": refund(10)[1]})
    history.say(body, answered)
    large = ExpectedCall(tool="issue_refund", arguments={"amount": 9999})
    small = ExpectedCall(tool="issue_refund", arguments={"amount": 10})

    assert not scored(history.run, Forbidden(calls=(large,))).passed
    assert scored(history.run, Forbidden(calls=(small,))).passed
    assert scored(history.run, Trajectory(calls=(small,))).passed


def test_an_effect_of_which_nobody_knows_is_undecided():
    history = History()
    history.begin(READ, REFUND)
    asked = history.call(history.step(calls=[refund()]))
    history.say(ToolUnknown(call="1-1", attempt=1, reason="the process died"), asked)

    for scorer in (Effects(), Effects(calls=(REFUND_10,))):
        found = scored(history.run, scorer)

        assert found.undecided
        assert not found.passed
        assert "nobody knows whether it happened: issue_refund" in found.reason


def test_effects_are_what_changed_the_world_and_no_more():
    expected = Effects(calls=(REFUND_10,))

    assert scored(finished(find(), refund(10)), expected).passed
    assert not scored(finished(find()), expected).passed
    assert not scored(finished(refund(10), refund(10)), expected).passed
    assert not scored(finished(refund(11)), expected).passed
    assert scored(finished(find()), Effects()).reason == "it changed nothing"


def test_an_effect_that_did_not_happen_is_none():
    history = History()
    history.begin(READ, REFUND)
    asked = history.call(history.step(calls=[refund()]))
    history.say(ToolBlocked(**VERDICT, call="1-1", attempt=1), asked)

    assert scored(history.run, Effects()).passed


def test_the_difference_of_effects_is_told():
    found = scored(finished(refund(11)), Effects(calls=(REFUND_10,)))

    assert 'missing issue_refund({"amount": 10})' in found.reason
    assert 'not expected issue_refund({"order_id": "1042", "amount": 11})' in found.reason
