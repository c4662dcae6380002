"""A run that is over becomes a case."""

import pytest

from contracts.guardrail import ResultBlocked, ResultCleared
from contracts.review import Approver, ReviewDecided, ReviewRequested
from contracts.run import RunFailed
from contracts.scoring import Assertion, Effects, ExpectedCall, Forbidden
from contracts.shape import sha256_hex
from contracts.trial import Stub
from services.evaluator.datasets.capturing import case_of
from services.evaluator.datasets.reading import read_cases
from services.evaluator.datasets.writing import cases_jsonl
from services.evaluator.errors import NotCapturable
from tests.bodies import NOON, VERDICT, manifest, tool_escalated, tool_failed
from tests.histories import History, whole_run

ORDER = '{"order_id": "1042"}'
REFUND = '{"order_id": "1042", "amount": 5, "reason": "lost"}'
MONEY = {"effect": "money", "sinks": {"order_id": "id", "amount": "amount"}}


def refunding() -> tuple[History, object]:
    """Looked up at step 1; at step 2 a refund is made."""
    history = History()
    history.begin(manifest(), manifest("issue_refund", **MONEY))
    looked = history.use(history.step(calls=[("find_order", ORDER)]))
    paid = history.use(history.step(looked, calls=[("issue_refund", REFUND)]))
    return history, paid


def refunded(end: bool = True) -> History:
    history, paid = refunding()
    last = history.step(paid, text="It is paid.")
    if end:
        history.complete(last)
    return history


def failed(history: History) -> History:
    history.say(RunFailed(rule="step_ceiling", reason="too many"), history.root)
    return history


def test_a_completed_run_is_a_case_that_asks_for_the_same_changes():
    case = case_of(refunded().run)

    what_matters = ExpectedCall(tool="issue_refund", arguments={"order_id": "1042", "amount": 5})
    assert case.scorers == (Assertion(value="resolved"), Effects(calls=(what_matters,)))
    assert case.input == "Where is my parcel?"
    assert (case.id, case.tags, case.source.run_id) == ("r-1", ("captured",), "r-1")


def test_the_stubs_are_the_results_in_their_order():
    case = case_of(refunded().run)

    assert [stub.tool for stub in case.stubs] == ["find_order", "issue_refund"]
    assert case.stubs[0] == Stub(tool="find_order", arguments={"order_id": "1042"}, result="ok")


def test_at_a_step_its_calls_are_forbidden_to_the_letter():
    case = case_of(refunded().run, 2)

    call = ExpectedCall(
        tool="issue_refund", arguments={"order_id": "1042", "amount": 5, "reason": "lost"}
    )
    assert case.scorers == (Forbidden(arguments="exact", calls=(call,)),)
    assert (case.id, case.source.step) == ("r-1-step-2", 2)


def test_at_a_step_there_are_no_stubs_of_later_ones():
    case = case_of(refunded().run, 1)

    assert [stub.tool for stub in case.stubs] == ["find_order"]


def test_a_captured_case_can_be_written_and_read():
    case = case_of(refunded().run)

    assert read_cases(cases_jsonl([case])).cases == [case]


def test_who_the_customer_was_is_left_out():
    history = whole_run()
    task = history.facts[0]
    named = task.body.model_copy(
        update={"customer": "c-311", "user": "anna@example.org", "metadata": {"ticket": "T-9"}}
    )
    object.__setattr__(task, "body", named)

    line = cases_jsonl([case_of(history.run)])

    assert "c-311" not in line
    assert "anna" not in line
    assert "T-9" not in line


def test_a_result_that_was_withheld_is_not_in_the_case():
    history = History()
    history.begin(manifest())
    outcome = history.run_tool(
        history.clear(history.call(history.step(calls=[("find_order", ORDER)]))), '"secret words"'
    )
    history.say(ResultBlocked(**VERDICT, call="1-1"), outcome)

    case = case_of(failed(history).run, 1)

    assert "secret words" not in case.model_dump_json()
    assert case.stubs[0].error == "The result of this call was withheld by a content check."


def test_a_result_that_was_redacted_stays_redacted():
    history = History()
    history.begin(manifest())
    outcome = history.run_tool(
        history.clear(history.call(history.step(calls=[("find_order", ORDER)]))), '"secret words"'
    )
    history.say(ResultCleared(**VERDICT, call="1-1", text="[removed]", label="tool:x"), outcome)

    case = case_of(failed(history).run, 1)

    assert case.stubs[0].result == "[removed]"
    assert "secret words" not in case.model_dump_json()


def test_a_call_that_failed_is_a_stub_with_its_error():
    history = History()
    history.begin(manifest())
    cleared = history.clear(history.call(history.step(calls=[("find_order", ORDER)])))
    outcome = history.say(tool_failed("1-1", reason="there is no order"), cleared)
    history.say(ResultCleared(**VERDICT, call="1-1", is_error=True, label="tool:x"), outcome)

    assert case_of(failed(history).run, 1).stubs[0].error == "there is no order"


def test_a_run_that_failed_has_no_scorers_and_says_so():
    history, _ = refunding()

    case = case_of(failed(history).run)

    assert case.scorers == ()
    assert case.metadata["note-1"].startswith("it ended as failed: write scorers")


@pytest.mark.parametrize(
    ("outcome", "answer"), [("approved", "approve"), ("rejected", "reject"), ("expired", "reject")]
)
def test_a_review_is_answered_as_it_was(outcome, answer):
    history = History()
    history.begin(manifest("issue_refund", **MONEY))
    asked = history.call(history.step(calls=[("issue_refund", REFUND)]))
    held = history.say(tool_escalated(asked.body), asked)
    review = {"review_id": "1-1-1", "arguments_sha256": sha256_hex(REFUND.encode())}
    question = history.say(
        ReviewRequested(
            **review,
            about="call",
            call="1-1",
            attempt=1,
            tool="issue_refund",
            arguments_json=REFUND,
            roles=("lead",),
            reason="much",
            expires_at=NOON,
        ),
        held,
    )
    people = (Approver(answer_id="x", principal="mei@example.org", role="lead"),)
    history.say(ReviewDecided(**review, outcome=outcome, approvers=people), question)

    case = case_of(failed(history).run)

    assert case.reviews == answer
    assert "mei@" not in case.model_dump_json()


def test_a_call_that_never_ran_has_no_stub_and_is_forbidden_all_the_same():
    history = History()
    history.begin(manifest())
    history.call(history.step(calls=[("find_order", ORDER)]))

    case = case_of(failed(history).run, 1)

    assert case.stubs == ()
    assert case.scorers[0].calls[0].arguments == {"order_id": "1042"}


def test_a_call_without_json_arguments_is_not_forbidden_with_any():
    history = History()
    history.begin(manifest())
    history.step(calls=[("find_order", "{oh"), ("find_order", ORDER)])

    case = case_of(failed(history).run, 1)

    assert len(case.scorers[0].calls) == 1
    assert "without JSON arguments" in case.metadata["note-1"]


def test_a_run_under_way_is_no_case_yet():
    with pytest.raises(NotCapturable, match="it is not over"):
        case_of(refunded(end=False).run)


@pytest.mark.parametrize("step", [0, 3, 4, -1])
def test_a_step_that_asked_for_nothing_is_refused(step):
    with pytest.raises(NotCapturable, match="take one of 1, 2"):
        case_of(refunded().run, step)


def test_a_long_run_id_gives_a_name_that_fits():
    history = History(run_id="r" * 64)
    history.begin(manifest())
    history.step(calls=[("find_order", ORDER)])

    assert len(case_of(failed(history).run, 1).id) == 64
