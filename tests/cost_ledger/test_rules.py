"""The pure decisions: what a call may cost, who pays, and what becomes of a hold."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.model import AttemptFailure, ModelResponded, ServedBy, Stop
from contracts.money import PriceLine, Usage
from services.cost_ledger.rules.budgets import Budgets, TenantBudgets, caps_of
from services.cost_ledger.rules.offer import Terms, offer
from services.cost_ledger.rules.settlement import (
    Billed,
    NotBilled,
    NotKnown,
    evidence_of_failure,
    evidence_of_response,
    resolve,
)
from services.cost_ledger.rules.tariff import (
    Tariff,
    Tier,
    TieredRate,
    bill,
    input_bound,
    total,
    upper_bound,
)
from tests.cost_ledger.tariffs import INSTANT, flat, request

rates = st.decimals(0, 200, places=4)
tiered = st.builds(
    lambda base, tiers: TieredRate(
        base=base,
        tiers=tuple(Tier(above_tokens=start, rate=rate) for start, rate in sorted(tiers.items())),
    ),
    rates,
    st.dictionaries(st.integers(0, 60_000), rates, max_size=3),
)
tariffs = st.builds(Tariff, **dict.fromkeys(Usage.model_fields, tiered), match=st.just("exact"))


@st.composite
def calls(draw):
    """Bounds, and a usage within them."""
    prompt_bytes = draw(st.integers(0, 50_000))
    max_output = draw(st.integers(1, 20_000))
    left, inputs = input_bound(prompt_bytes), []
    for _ in range(4):
        inputs.append(draw(st.integers(0, left)))
        left -= inputs[-1]
    text = draw(st.integers(0, max_output))
    reasoning = draw(st.integers(0, max_output - text))
    usage = Usage(
        input_uncached=inputs[0],
        cache_read=inputs[1],
        cache_write_5m=inputs[2],
        cache_write_1h=inputs[3],
        output_text=text,
        output_reasoning=reasoning,
    )
    return prompt_bytes, max_output, usage


@settings(max_examples=300, deadline=None)
@given(tariffs, calls())
def test_a_bill_within_its_bounds_is_never_above_its_hold(tariff, call):
    prompt_bytes, max_output, usage = call

    assert total(bill(tariff, usage)) <= upper_bound(tariff, prompt_bytes, max_output)


@settings(max_examples=200, deadline=None)
@given(tariffs, calls())
def test_the_lines_of_a_bill_are_whole_and_add_up_to_one_rounding(tariff, call):
    usage = call[2]

    lines = bill(tariff, usage)

    exact = sum(
        (line.quantity * getattr(tariff, line.bucket).at(usage.input_total) for line in lines),
        Decimal(0),
    )
    assert abs(total(lines) - exact) <= Decimal("0.5")


states = st.sampled_from(["held", "refused", "settled", "released", "liability", "overrun"])
evidences = st.one_of(
    st.integers(0, 300).map(
        lambda cost: Billed((PriceLine(bucket="b", quantity=1, amount_micro_usd=cost),))
    ),
    st.just(NotBilled("no")),
    st.just(NotKnown("?")),
)


@given(states, st.integers(0, 200), evidences)
def test_a_resolution_never_takes_more_of_a_budget_than_its_hold_did(state, amount, evidence):
    to = resolve(state, amount, evidence)

    if to is not None:
        assert to.held + to.settled + to.liability <= 0


def test_a_hold_without_news_becomes_a_liability_at_its_full_amount():
    to = resolve("held", 70, NotKnown("lost"))

    assert (to.state, to.cost_micro_usd, to.held, to.liability) == ("liability", 70, -70, 70)


def test_a_late_bill_settles_a_liability():
    late = Billed((PriceLine(bucket="output_text", quantity=1, amount_micro_usd=30),))

    to = resolve("liability", 70, late)

    assert (to.state, to.settled, to.liability) == ("settled", 30, -70)


def test_a_bill_above_its_hold_is_an_overrun_by_the_difference():
    dear = Billed((PriceLine(bucket="output_text", quantity=1, amount_micro_usd=90),))

    to = resolve("held", 70, dear)

    assert (to.state, to.settled, to.overrun, to.cost_micro_usd) == ("overrun", 70, 20, 90)


def test_a_bill_after_a_release_is_an_overrun_in_full():
    late = Billed((PriceLine(bucket="output_text", quantity=1, amount_micro_usd=9),))

    to = resolve("released", 70, late)

    assert (to.state, to.settled, to.overrun) == ("overrun", 0, 9)


@pytest.mark.parametrize("state", ["settled", "overrun", "refused"])
def test_what_is_settled_stays_settled(state):
    assert resolve(state, 70, NotKnown("again")) is None


def test_an_attempt_that_may_have_worked_is_not_released():
    failure = AttemptFailure(kind="timed_out", route=INSTANT, reason="60 s", billed="unknown")

    assert isinstance(evidence_of_failure(failure), NotKnown)


@pytest.mark.parametrize(
    ("quality", "tier", "billed"),
    [
        ("reported", None, True),
        ("reported", "default", True),
        ("reported", "priority", False),
        ("estimated", None, False),
        ("partial", None, False),
        ("unknown", None, False),
    ],
)
def test_only_a_reported_usage_at_list_price_is_a_bill(quality, tier, billed):
    responded = ModelResponded(
        step=1,
        attempt=1,
        parts=(),
        stop=Stop(kind="ok"),
        usage=Usage(output_text=5),
        usage_quality=quality,
        served_by=ServedBy(route=INSTANT, service_tier=tier),
    )

    assert isinstance(evidence_of_response(responded, flat("1")), Billed) is billed


def test_a_hold_is_for_the_dearest_of_its_routes():
    other = INSTANT.model_copy(update={"model": "slow"})
    prices = {"fake/instant": flat("1"), "fake/slow": flat("3")}

    terms = offer(request(), (INSTANT, other), prices, "book")

    assert isinstance(terms, Terms)
    assert terms.amount_micro_usd == upper_bound(flat("3"), 400, 1024)


@pytest.mark.parametrize("prices", [{}, {"fake/instant": flat("1", match="prefix")}])
def test_no_call_without_a_price_that_is_certain(prices):
    assert offer(request(), (INSTANT,), prices, "book").rule == "no_price"


def test_no_call_by_a_route_that_the_alias_does_not_have():
    asked = request(route=INSTANT.model_copy(update={"model": "other"}))

    assert offer(asked, (INSTANT,), {"fake/other": flat("1")}, "book").rule == "no_route"


def test_a_tenant_that_is_not_named_has_the_default_cap():
    moment = datetime(2026, 3, 2, tzinfo=UTC)

    caps = caps_of(request(), Budgets(default_tenant_usd=Decimal(7)), moment)

    assert [(cap.budget, cap.cap_micro_usd) for cap in caps] == [
        ("run:acme/r-1", 500_000),
        ("tenant:acme@2026-03", 7_000_000),
    ]


def test_a_call_is_charged_to_its_customer_and_feature_where_they_have_caps():
    own = TenantBudgets(usd=9, each_customer_usd=2, features={"helpdesk": 3})
    budgets = Budgets(window="total", tenants={"acme": own})

    caps = caps_of(request(customer="c", feature="helpdesk"), budgets, datetime.now(UTC))

    assert [cap.budget for cap in caps] == [
        "customer:acme/c",
        "feature:acme/helpdesk",
        "run:acme/r-1",
        "tenant:acme",
    ]


@pytest.mark.parametrize(
    ("named", "cap"), [({}, 10_000_000), ({"evaluation": 3}, 3_000_000)], ids=["not", "named"]
)
def test_a_feature_may_have_a_cap_in_every_tenant_that_does_not_name_it(named, cap):
    own = TenantBudgets(usd=9, features=named)
    budgets = Budgets(window="total", features={"evaluation": 10}, tenants={"acme": own})

    for tenant, wanted in (("acme", cap), ("other", 10_000_000)):
        caps = caps_of(request(tenant=tenant, feature="evaluation"), budgets, datetime.now(UTC))

        assert [one.cap_micro_usd for one in caps if one.budget.startswith("feature")] == [wanted]
