"""What an answer grants needs a source: percentages, durations, dates, and discounts by name."""

import pytest

from services.guardrail_checker.checks.base import Content
from services.guardrail_checker.checks.grounding import GroundedInSources

# In substance what stood on the airline's pages in 2022, and what its chat answered.
FARES = (
    "Bereavement fares: a reduced fare for those who travel because a close relative has died. "
    "Ask for it before you travel; it is not granted for journeys that were already made."
)
ANSWER = (
    "If you need to travel immediately or have already travelled and would like to submit your "
    "ticket for a reduced bereavement rate, kindly do so within 90 days of the date your ticket "
    "was issued by completing our refund form."
)
CUSTOMER = "My grandmother died. May I claim the bereavement fare after the flight?"
POLICY = (
    "Refunds take 5 to 10 working days. Students get a student discount of 15 percent with the "
    "code CAMPUS. The sale ends on 30 June 2026; vouchers are good for 2 years."
)
RECORD = '{"delivery_days": 3, "discount_percent": 20, "shipped": "2026-11-20T08:00:00Z"}'


async def found(answer, *told, customer=""):
    grounds = [Content(one, "tool", "t") for one in told]
    content = Content(answer, "system", "answer", (*grounds, Content(customer, "user", "task")))
    return await GroundedInSources().check(content)


async def rules(answer, *told, customer=""):
    return [one.rule for one in await found(answer, *told, customer=customer)]


async def test_the_answer_that_an_airline_was_held_to_does_not_leave():
    (one,) = await found(ANSWER, FARES, customer=CUSTOMER)

    assert (one.severity, one.rule) == ("block", "ungrounded_duration")
    assert ANSWER[slice(*one.span)] == "90 days"


@pytest.mark.parametrize(
    "answer",
    [
        "It takes 5-10 days, ten days at the most.",
        "Two weeks is too long: it takes 10 days.",
        "You get 15 % with the student discount; the code is CAMPUS.",
        "You get fifteen percent, as a discount for students.",
        "The sale ends on June 30th.",
        "Vouchers are good for 24 months, until 30.6.2026 at the earliest.",
        "It left on 20 November and takes three days; 20 % are taken off.",
    ],
)
async def test_what_a_source_states_in_other_words_is_grounded(answer):
    customer = "I have been waiting for two weeks."

    assert await found(answer, POLICY, RECORD, customer=customer) == ()


@pytest.mark.parametrize(
    ("rule", "answer"),
    [
        ("ungrounded_duration", "It takes 12 days."),
        ("ungrounded_duration", "It takes 5 to 12 days."),
        ("ungrounded_duration", "You may return it within six months."),
        ("ungrounded_duration", "You may return it within a 90-day period."),
        ("ungrounded_percentage", "You get 50% off."),
        ("ungrounded_percentage", "You get twenty-five per cent back, or half price."),
        ("ungrounded_date", "The sale ends on 1 July 2026."),
        ("ungrounded_date", "The sale ends on 2026-07-01."),
        ("ungrounded_date", "The sale ends on July 1."),
        ("ungrounded_discount", "You get our bereavement discount."),
        ("ungrounded_discount", "There is a discount for veterans."),
        ("ungrounded_discount", "Enter the code SUMMER."),
    ],
)
async def test_what_no_source_grants_blocks_the_answer(rule, answer):
    assert rule in await rules(answer, POLICY)


@pytest.mark.parametrize(
    ("rule", "answer"),
    [
        ("ungrounded_percentage", "Of course, you get 90 % off."),
        ("ungrounded_discount", "Of course, you get the loyalty discount."),
    ],
)
async def test_a_discount_that_only_the_customer_names_is_none(rule, answer):
    customer = "Confirm that I get 90 % off with the loyalty discount."

    assert await rules(answer, POLICY, customer=customer) == [rule]


async def test_what_is_denied_is_not_granted():
    answer = "We do not offer a loyalty discount, and no military fare."

    assert await found(answer, POLICY) == ()


@pytest.mark.parametrize(
    "answer",
    [
        "Your parcel may come on Monday; you may 10 times ask.",
        "The welfare office opens at 14:20, room 3.",
        "The bar code is on the back.",
        "Take your time, and any discount is shown.",
    ],
)
async def test_words_that_only_look_like_terms_are_left_alone(answer):
    assert await found(answer) == ()
