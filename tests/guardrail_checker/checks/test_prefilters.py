"""What is looked for first is never absent from what would have been found."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.guardrail_checker.checks import grounding, links, prompt_injection
from services.guardrail_checker.checks.folding import fold, lower
from shared.redaction import numbers, secrets

INSTRUCTIONS = [
    pytest.param(rule, pattern, id=f"{rule}-{at}")
    for at, (rule, _, pattern) in enumerate(prompt_injection._COMPILED)
]
searching = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@pytest.mark.parametrize(("rule", "pattern"), INSTRUCTIONS)
@searching
@given(data=st.data())
def test_an_instruction_has_the_words_of_its_pattern(rule, pattern, data):
    text = lower(fold(data.draw(st.from_regex(pattern))).text)

    if pattern.search(text):
        assert (rule, pattern) in list(prompt_injection.possible(text))


@pytest.mark.parametrize(
    ("rule", "begins", "pattern"), secrets._SHAPES, ids=[rule for rule, *_ in secrets._SHAPES]
)
@searching
@given(data=st.data())
def test_a_secret_begins_as_those_of_its_issuer_do(rule, begins, pattern, data):
    before = "https" + "://" if rule == "password_in_url" else " "
    text = before + data.draw(st.from_regex(pattern.pattern.replace("(?<=://)", ""))) + "@"

    if pattern.search(text):
        assert any(one in text for one in begins)


@searching
@given(text=st.from_regex(secrets._ASSIGNED))
def test_an_assigned_secret_is_called_one(text):
    if secrets._ASSIGNED.search(fold(text).text):
        assert any(word in fold(text).text.lower() for word in secrets._ASSIGNED_WORDS)


@searching
@given(text=st.from_regex(re.compile(links._LINK.pattern, re.IGNORECASE | re.ASCII)))
def test_a_link_has_a_mark_or_a_domain(text):
    plain = fold(text).text
    expected = list(links._LINK.finditer(lower(plain)))

    assert len(links.find_links(plain)) == len(expected)


@searching
@given(text=st.from_regex(numbers._IBAN))
def test_an_account_number_begins_as_they_do(text):
    if numbers._IBAN.search(fold(text).text):
        assert numbers._IBAN_BEGINS.search(fold(text).text)


@searching
@given(text=st.from_regex(grounding._AMOUNT))
def test_an_amount_has_a_currency(text):
    plain = lower(fold(text).text)

    found, rest = grounding._apart(plain)

    assert len(found) == len(list(grounding._AMOUNT.finditer(plain)))
    assert rest == grounding._AMOUNT.sub(grounding._blank, plain)


@searching
@given(text=st.from_regex(grounding._DATE))
def test_a_date_begins_as_dates_do(text):
    if grounding._DATE.search(fold(text).text):
        assert grounding._DATE_BEGINS.search(fold(text).text)
