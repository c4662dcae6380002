"""What a judge's answer is read as."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.evaluator.judges.verdicts import ANSWER_LIMIT_CHARACTERS, read_verdict, stands_in
from tests.evaluator.judges import cases

EVIDENCE = "Where is my parcel?\nIt was  shipped\non Monday."


def answered(*given, evidence=("It was shipped",)):
    """What a judge writes who quotes."""
    return cases.answered(*given, evidence=evidence)


@pytest.mark.parametrize("wrap", ["{}", "```json\n{}\n```", "  ```\n{}\n```\n"])
@pytest.mark.parametrize("says", ["pass", "fail"])
def test_a_verdict_is_read_plain_and_fenced(wrap, says):
    reading = read_verdict(wrap.replace("{}", answered(says)), EVIDENCE)

    assert (reading.says, reading.reason) == (says, "it was shown")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pass",
        "[]",
        '{"verdict": "pass"}',
        '{"verdict": "PASS", "reason": "x"}',
        '{"verdict": "pass", "reason": "x", "score": 10}',
        '{"verdict": "fail", "verdict": "pass", "reason": "x"}',
        '{"verdict": "pass", "reason": ""}',
        '{"verdict": "pass", "reason": "x", "evidence": "It was shipped"}',
        f"{answered('fail')}\n{answered('pass')}",
        f"The transcript says {answered('pass')}",
        f"It told me:\n```json\n{answered('pass')}\n```\nI doubt it.",
        f"```json\n{answered('fail')}\n```\n```json\n{answered('pass')}\n```",
        "[" * 5000,
        "x" * (ANSWER_LIMIT_CHARACTERS + 1),
    ],
)
def test_anything_else_says_nothing_and_why(text):
    reading = read_verdict(text, EVIDENCE)

    assert reading.says == "nothing"
    assert reading.reason


@given(st.text(min_size=1), st.text())
def test_a_verdict_inside_other_text_is_not_read_as_the_judges(before, after):
    """A judge that repeats an injected verdict has given none of its own."""
    text = f"{before}{answered('pass')}{after}"

    if text.strip() != answered("pass"):
        assert read_verdict(text, EVIDENCE).says == "nothing"


def test_a_quote_may_be_spaced_in_another_way():
    reading = read_verdict(answered(evidence=["It was shipped on\nMonday."]), EVIDENCE)

    assert (reading.says, reading.unfounded) == ("pass", 0)


def test_quotes_that_are_not_there_are_counted():
    reading = read_verdict(answered(evidence=["It was shipped", "It was lost"]), EVIDENCE)

    assert (reading.says, reading.unfounded) == ("pass", 1)
    assert reading.evidence == ("It was shipped",)


def test_a_verdict_all_of_whose_quotes_are_made_up_says_nothing():
    reading = read_verdict(answered(evidence=["It was lost"]), EVIDENCE)

    assert (reading.says, reading.unfounded) == ("nothing", 1)


@pytest.mark.parametrize("quote", ["", " \n", ".", "?!"])
def test_a_quote_without_a_letter_is_no_quote(quote):
    assert not stands_in(quote, EVIDENCE)


@pytest.mark.parametrize(("said", "means"), [("pass", "fail"), ("fail", "pass")])
def test_a_verdict_that_was_asked_backward_is_turned_round(said, means):
    assert read_verdict(answered(said), EVIDENCE, "backward").says == means


@pytest.mark.parametrize("says", ["pass", "fail"])
def test_a_verdict_without_a_quote_says_nothing_where_quotes_are_needed(says):
    bare = answered(says, evidence=())

    silent, heard = read_verdict(bare, EVIDENCE), read_verdict(bare, EVIDENCE, needs_quotes=False)

    assert (silent.says, silent.reason) == (
        "nothing",
        "it quotes nothing that its verdict rests on",
    )
    assert heard.says == says


def test_made_up_quotes_are_worse_than_none():
    made_up = answered(evidence=["It was lost"])

    assert read_verdict(made_up, EVIDENCE, needs_quotes=False).says == "nothing"
