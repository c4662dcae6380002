"""Whatever people say in whatever order, a quorum is what its words mean."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.orchestrator.reviewing import ARGUMENTS, Asking

PEOPLE = ("lea", "max", "kim", "anna")  # anna asked for the task
WANTED = (ARGUMENTS, '{"order_id": "1042", "amount": 1}', '{"order_id": "1042", "amount": 2}')
ANSWERS_LIMIT = 9


@dataclass(frozen=True)
class Said:
    principal: str
    decision: str
    wanted: str
    has_role: bool
    in_time: bool


answers = st.lists(
    st.builds(
        Said,
        st.sampled_from(PEOPLE),
        st.sampled_from(["approve", "edit", "edit", "approve", "reject"]),
        st.sampled_from(WANTED),
        st.booleans() | st.just(True),
        st.booleans() | st.just(True),
    ),
    max_size=ANSWERS_LIMIT,
)


def expected(answers: list[Said], quorum: int) -> tuple[str, frozenset[str]] | None:
    """The outcome by the plain meaning of the words, and who made it."""
    voices: dict[str, str] = {}
    for said in answers:
        if not (said.has_role and said.in_time):
            continue
        if said.decision == "reject":
            return "rejected", frozenset({said.principal})
        if said.principal == "anna":
            continue
        wanted = ARGUMENTS if said.decision == "approve" else said.wanted
        voices[said.principal] = wanted
        agree = frozenset(name for name, voice in voices.items() if voice == wanted)
        if len(agree) >= quorum:
            return ("approved" if wanted == ARGUMENTS else "edited"), agree
    return None


@settings(deadline=None, max_examples=150)
@given(answers=answers, quorum=st.integers(1, 3), between=st.sets(st.integers(0, ANSWERS_LIMIT)))
def test_a_review_is_decided_by_the_first_no_or_by_enough_different_people(
    answers, quorum, between
):
    """And it does not matter when, between the answers, the orchestrator looks."""
    asking = Asking(user="anna", quorum=quorum)
    for place, said in enumerate(answers):
        give(asking, said)
        if place in between:
            asking.decide()
    asking.decide()

    decided = asking.review.decided
    found = decided and (
        decided.body.outcome,
        frozenset(one.principal for one in decided.body.approvers),
    )

    assert found == expected(answers, quorum)


def give(asking: Asking, said: Said) -> None:
    changes: dict[str, object] = {}
    if said.decision == "edit":
        changes["arguments_json"] = said.wanted
    if not said.has_role:
        changes["roles"] = ("intern",)
    if not said.in_time:
        changes["at"] = asking.question.expires_at
    asking.answer(said.principal, said.decision, **changes)
