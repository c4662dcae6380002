"""Many people must agree: on the same arguments, each of them once, before it expires."""

from contracts.review import (
    ReviewAnswered,
)
from tests.orchestrator.reviewing import (
    EDITED,
    Asking,
)


def test_a_review_waits_until_enough_people_agree():
    asking = Asking(quorum=2)
    asking.answer("lea")
    assert asking.decide() == []

    asking.answer("max")
    decision, _ = asking.decide()

    assert [one.principal for one in decision.approvers] == ["lea", "max"]


def test_one_person_is_one_voice_however_often_they_speak_or_spell_themselves():
    asking = Asking(quorum=2)
    for principal in ("lea", "lea", "LEA"):
        asking.answer(principal)
    asking.decide()

    assert asking.rules == ["said_before", "said_before"]
    assert asking.outcome is None


def test_people_who_want_different_arguments_do_not_agree():
    asking = Asking(quorum=2)
    asking.answer("lea")
    asking.edit("max")
    asking.edit("kim", '{"order_id": "1042", "amount": 30}')

    assert asking.decide() == []


def test_people_may_change_their_minds_until_it_is_decided():
    asking = Asking(quorum=2)
    asking.answer("lea")
    asking.edit("max")
    asking.edit("lea")

    decision, _ = asking.decide()

    assert (decision.outcome, decision.arguments_json) == ("edited", EDITED)
    assert [one.principal for one in decision.approvers] == ["max", "lea"]


def test_one_no_decides_whatever_the_quorum_is():
    asking = Asking(quorum=3)
    asking.answer("lea")
    asking.answer("lea", "reject", reason="on second thoughts")
    asking.decide()

    assert asking.outcome == "rejected"


def test_a_no_without_the_role_decides_nothing():
    asking = Asking()
    asking.answer("eve", "reject", roles=("intern",))
    asking.decide()

    assert (asking.outcome, asking.rules) == (None, ["wrong_role"])


def test_one_who_waited_for_others_in_vain_is_not_told_off():
    asking = Asking(quorum=2)
    asking.answer("lea")
    asking.answer("max", "reject")
    asking.decide()

    assert asking.rules == []


def test_half_a_quorum_does_not_outlive_the_expiry():
    asking = Asking(quorum=2)
    asking.answer("lea")
    asking.decide(asking.question.expires_at)
    asking.answer("max", at=asking.question.expires_at)
    asking.decide(asking.question.expires_at)

    assert (asking.outcome, asking.rules) == ("expired", ["late"])


def test_a_repeated_answer_fact_is_one_answer():
    asking = Asking(quorum=2)
    given = asking.answer("lea")
    asking.history.repeat(given)

    assert asking.decide() == []
    assert isinstance(given.body, ReviewAnswered)
