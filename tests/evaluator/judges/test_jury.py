"""What several judges come to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.evaluator.judges.jury import combine, disagreement
from tests.evaluator.judges.cases import ASKED, COMPARED, jury, verdict


def heard(*says):
    return [verdict(name, one) for name, one in zip("abcdefghi", says, strict=False)]


@pytest.mark.parametrize(
    ("says", "passed", "undecided", "score"),
    [
        (("pass", "pass", "pass"), True, False, 1.0),
        (("pass", "pass", "fail"), True, False, 2 / 3),
        (("pass", "fail", "fail"), False, False, 1 / 3),
        (("fail", "fail", "fail"), False, False, 0.0),
        (("pass", "pass", "nothing"), True, False, 1.0),
        (("pass", "fail", "nothing"), False, True, 0.5),
        (("pass", "nothing", "nothing"), False, True, 1.0),
        (("nothing", "nothing", "nothing"), False, True, 0.0),
        ((), False, True, 0.0),
    ],
)
def test_the_majority_of_those_who_say_something_decides(says, passed, undecided, score):
    found = combine(heard(*says), jury(), ASKED)

    assert (found.passed, found.undecided, found.score) == (passed, undecided, score)
    assert (found.name, found.kind) == ("truth", "judged")


@pytest.mark.parametrize(
    ("says", "passed", "undecided"),
    [
        (("pass", "pass", "pass"), True, False),
        (("pass", "pass", "fail"), False, True),
        (("fail", "fail", "nothing"), False, False),
    ],
)
def test_a_unanimous_jury_is_undecided_when_one_differs(says, passed, undecided):
    found = combine(heard(*says), jury(decide="unanimous"), ASKED)

    assert (found.passed, found.undecided) == (passed, undecided)


def both(*pairs):
    return [
        verdict(name, says, order)
        for name, pair in zip("abc", pairs, strict=False)
        for says, order in zip(pair, ("forward", "backward"), strict=True)
    ]


def test_a_judge_who_goes_by_the_place_says_nothing_and_is_counted():
    pairs = both(("pass", "pass"), ("pass", "pass"), ("pass", "fail"))

    found = combine(pairs, jury(), COMPARED)

    assert (found.passed, found.score) == (True, 1.0)
    assert "1 position-inconsistent" in found.reason
    assert "c says nothing" in found.reason


def test_a_judge_who_answered_in_one_order_only_says_nothing():
    pairs = both(("pass", "pass"), ("pass", "nothing"))[:3]

    assert combine(pairs, jury(), COMPARED).undecided


SAYS = st.sampled_from(["pass", "fail", "nothing"])
VERDICTS = st.lists(
    st.builds(
        verdict,
        st.sampled_from("abcd"),
        SAYS,
        st.sampled_from(["forward", "backward"]),
        st.sampled_from(["v-1", "v-2"]),
    ),
    max_size=12,
)


@given(st.data(), VERDICTS, st.sampled_from([ASKED, COMPARED]))
def test_the_order_in_which_verdicts_come_changes_nothing(data, verdicts, scorer):
    shuffled = data.draw(st.permutations(verdicts))

    assert combine(shuffled, jury(), scorer) == combine(verdicts, jury(), scorer)


@given(VERDICTS, st.sampled_from([ASKED, COMPARED]))
def test_a_jury_never_passes_and_doubts_at_once(verdicts, scorer):
    found = combine(verdicts, jury(), scorer)

    assert 0 <= found.score <= 1
    assert not (found.passed and (found.undecided or found.score <= 0.5))


def test_strangers_and_judges_of_another_version_have_no_vote():
    told = [verdict("a", "pass"), verdict("b", "pass", version="v-0"), verdict("x", "pass")]

    found = combine(told, jury(), ASKED)

    assert found.undecided
    assert [one.judge for one in found.verdicts] == ["a"]


def test_a_jury_of_one_says_that_it_is_one():
    found = combine([verdict("a", "fail")], jury("a", quorum=1), ASKED)

    assert found.reason == "a single judge: a says fail: so it is"


def test_disagreement_is_told_in_bits():
    assert combine(heard("pass", "pass", "fail"), jury(), ASKED).reason.startswith(
        "3 judges of panel (disagreement 0.92 bits): a says pass"
    )
    assert [disagreement(share) for share in (0, 0.5, 1)] == [0, 1, 0]
