"""The price book: the same prices as genai-prices, and only where it means the very model."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from genai_prices import Usage as GenaiUsage
from genai_prices import calc_price
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.model import Route
from contracts.money import Usage
from services.cost_ledger.adapters import open_price_book
from services.cost_ledger.rules.tariff import bill, total
from shared.catalogue import load_models
from tests.cost_ledger.tariffs import CONFIG, INSTANT

NOW = datetime(2026, 11, 1, tzinfo=UTC)
buckets = st.integers(0, 150_000)


def anthropic(model: str) -> Route:
    return Route(provider="anthropic", api="anthropic.messages", model=model)


async def test_every_route_of_the_shipped_catalogue_has_a_certain_price():
    book = await open_price_book(CONFIG)
    routes = [route for alias in load_models(CONFIG).aliases.values() for route in alias.routes]

    found = {route.model: book.tariff(route, NOW) for route in routes}

    assert {model: tariff and tariff.match for model, tariff in found.items()} == {
        "gpt-5-mini": "exact",
        "gpt-5": "exact",
        "claude-haiku-4-5": "exact",
        "claude-sonnet-4-5": "exact",
        "gemini-2.5-flash": "exact",
        "instant": "override",
    }


async def test_a_name_that_only_begins_like_a_known_one_is_a_prefix_match():
    book = await open_price_book(CONFIG)

    assert book.tariff(anthropic("claude-sonnet-4-5-foo"), NOW).match == "prefix"


async def test_a_provider_that_is_not_known_has_no_price():
    book = await open_price_book(CONFIG)

    assert book.tariff(INSTANT.model_copy(update={"model": "other"}), NOW) is None


@pytest.fixture(scope="module")
def book():
    import asyncio

    return asyncio.run(open_price_book(CONFIG))


@settings(max_examples=60, deadline=None)
@given(buckets, buckets, buckets, buckets, st.integers(0, 20_000))
@pytest.mark.parametrize("model", ["claude-sonnet-4-5", "claude-haiku-4-5"])
def test_our_bill_is_that_of_genai_prices(book, model, plain, read, write_5m, write_1h, output):
    usage = Usage(
        input_uncached=plain,
        cache_read=read,
        cache_write_5m=write_5m,
        cache_write_1h=write_1h,
        output_text=output,
    )
    theirs = calc_price(
        GenaiUsage(
            input_tokens=usage.input_total,
            cache_read_tokens=read,
            cache_write_tokens=write_5m + write_1h,
            cache_write_1h_tokens=write_1h,
            output_tokens=output,
        ),
        model,
        provider_id="anthropic",
        genai_request_timestamp=NOW,
    )

    ours = total(bill(book.tariff(anthropic(model), NOW), usage))

    assert abs(ours - theirs.total_price * 1_000_000) <= Decimal("0.5")
