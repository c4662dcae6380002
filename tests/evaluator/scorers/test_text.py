"""Scorers of what a run answered."""

import time
from decimal import Decimal

import pytest

from contracts.scoring import Assertion, Exact, Fuzzy, JsonSchema, Numeric, Overlap, Regex
from services.evaluator.rules import scored
from tests.evaluator.scorers.runs import failed, finished

OBJECT = {"type": "object", "required": ["total"], "properties": {"total": {"type": "number"}}}


def passes(answer, scorer):
    found = scored(finished(answer=answer), scorer)
    assert not found.undecided, found.reason
    return found.passed


@pytest.mark.parametrize(
    ("answer", "scorer", "holds"),
    [
        (" Yes.\n", Exact(value="Yes."), True),
        ("yes.", Exact(value="Yes."), False),
        ("yes.", Exact(value="Yes.", ignore_case=True), True),
        ("Yes. And more.", Exact(value="Yes."), False),
        ("Order 1042 is sent", Regex(pattern=r"\b1042\b"), True),
        ("Order 10421 is sent", Regex(pattern=r"\b1042\b"), False),
        ("REFUND", Regex(pattern="refund"), False),
        ("REFUND", Regex(pattern="refund", ignore_case=True), True),
        ("No promise", Regex(pattern="(?i)i promise", absent=True), True),
        ("I promise", Regex(pattern="(?i)i promise", absent=True), False),
        ('{"total": 3}', JsonSchema(fits=OBJECT), True),
        ('Here:\n```json\n{"total": 3}\n```', JsonSchema(fits=OBJECT), True),
        ('{"total": "3"}', JsonSchema(fits=OBJECT), False),
        ("[]", JsonSchema(fits=OBJECT), False),
        ("total 3", JsonSchema(fits=OBJECT), False),
        ("It is 30.00 USD", Numeric(value=30), True),
        ("It is 1,030.5 USD", Numeric(value=Decimal("1030.5")), True),
        ("It is 29 USD", Numeric(value=30), False),
        ("It is 29 USD", Numeric(value=30, tolerance=1), True),
        ("It is 29 USD", Numeric(value=30, relative=0.05), True),
        ("It is 28 USD", Numeric(value=30, relative=0.05), False),
        ("Order 30: 28 USD", Numeric(value=30), True),
        ("Order 30: 28 USD", Numeric(value=30, pattern=r"(\d+) USD"), False),
        ("none", Numeric(value=30), False),
        ("order-30", Numeric(value=30), True),
        ("it is -30", Numeric(value=30), False),
        ("NaN, then 30", Numeric(value=30, pattern=r"(\w+)"), True),
        ("```JSON\n3\n```", JsonSchema(fits={"type": "number"}), True),
        ("NaN", JsonSchema(fits={"type": "number"}), False),
        ("3 of them", JsonSchema(fits={"type": "string", "pattern": "^a"}), False),
        ('"abc"', JsonSchema(fits={"type": "string", "pattern": "^a"}), True),
        ('"bc"', JsonSchema(fits={"type": "string", "pattern": "^a"}), False),
        ("Your parcel was shiped today", Fuzzy(value="parcel was shipped"), True),
        ("Nothing of the kind", Fuzzy(value="parcel was shipped"), False),
        ("p", Fuzzy(value="parcel was shipped"), False),
        ("was shipped the parcel", Fuzzy(value="parcel was shipped", compare="words"), True),
        ("well, the parcel was shipped", Fuzzy(value="parcel was shipped", compare="whole"), False),
        ("b, A", Overlap(values=("a", "b")), True),
        ("a, b, c", Overlap(values=("a", "b")), False),
        ("a, b, c", Overlap(values=("a", "b"), at_least=0.8), True),
        ("a\nb", Overlap(values=("a", "b"), separator="\n"), True),
        ("", Overlap(values=("a",)), False),
    ],
)
def test_an_answer_is_held_to_what_was_expected(answer, scorer, holds):
    assert passes(answer, scorer) is holds


def test_a_run_without_an_answer_fails_and_says_why():
    found = scored(failed(), Exact(value="Yes."))

    assert (found.passed, found.undecided) == (False, False)
    assert "money_ceiling: it has no money left" in found.reason


def test_a_near_miss_scores_more_than_a_far_one():
    near, far = (
        scored(finished(answer=text), Overlap(values=("a", "b", "c"))).score
        for text in ("a, b", "x, y, z")
    )

    assert 0 == far < near < 1


@pytest.mark.parametrize(
    "scorer",
    [Regex(pattern="("), Numeric(value=1, pattern="("), JsonSchema(fits={"type": "nothing"})],
)
def test_a_mistake_in_a_scorer_is_undecided_and_told(scorer):
    found = scored(finished(answer="{}"), scorer)

    assert found.undecided
    assert not found.passed
    assert "cannot be read" in found.reason


def test_a_pattern_that_explodes_on_what_a_model_wrote_is_given_up():
    begun = time.monotonic()

    found = scored(finished(answer="a" * 60 + "!"), Regex(pattern=r"(a|a|aa)+$"))

    assert found.undecided
    assert "took longer than 1 s" in found.reason
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize(
    ("answer", "scorer"),
    [
        ('"' + "a" * 60 + '!"', JsonSchema(fits={"pattern": r"^(a|a|aa)+$"})),
        ("{}", JsonSchema(fits={"allOf": [{"patternProperties": {"(a|a)+$": {}}}]})),
        ("b" * 100_000, Fuzzy(value="a" * 60_000)),
        ("b" * 60_000, Assertion(value="mentions:" + "a" * 900)),
        ("a" * 200_001 + "secret", Regex(pattern="secret", absent=True)),
    ],
    ids=["a pattern", "patterns of keys", "long texts", "a long mention", "what was not read"],
)
def test_what_would_run_without_a_limit_is_undecided(answer, scorer):
    begun = time.monotonic()

    found = scored(finished(answer=answer), scorer)

    assert found.undecided
    assert not found.passed
    assert time.monotonic() - begun < 10


def test_a_letter_mentions_no_word():
    assert not scored(finished(answer="r"), Assertion(value="mentions:refund")).passed


def test_nothing_is_fetched_for_a_schema():
    found = scored(finished(answer="{}"), JsonSchema(fits={"$ref": "http://127.0.0.1:9/x.json"}))

    assert found.undecided
