"""The demo shop's tools on a real PostgreSQL: they do what they say, and a repeat does no harm."""

import asyncio
import os
from decimal import Decimal

import asyncpg
import pytest

from infra.demo.shop import tools
from infra.demo.shop.database import DSN_VARIABLE, prepare
from infra.platform.home import Home
from infra.platform.postgres import Postgres
from infra.platform.postgres_cluster import ROLE, TOOLS_ROLE
from infra.platform.processes import Supervisor
from tests.tool_executor.calling import CONTEXT


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """One cluster for all tests here; each starts its server on it."""
    return Home(tmp_path_factory.mktemp("shop"))


@pytest.fixture
async def database(home, monkeypatch):
    home.create()
    server = Postgres(home)
    try:
        async with Supervisor(lambda event: None) as supervisor:
            await server.start(supervisor)
            await prepare(server.dsn)
            monkeypatch.setenv(DSN_VARIABLE, server.tools_dsn)
            connection = await asyncpg.connect(server.dsn)
            await connection.execute("TRUNCATE shop.refunds, shop.sent_emails, shop.effects")
            try:
                yield connection
            finally:
                await connection.close()
    finally:
        server.tidy()


def another(call: str):
    key = f"acme/r-1/{call}"
    return CONTEXT.model_copy(update={"call": call, "idempotency_key": key})


async def count(database, table: str) -> int:
    return await database.fetchval(f"SELECT count(*) FROM shop.{table}")


async def test_the_shop_answers_and_pays_once_for_each_call(database):
    order = await tools.find_order("1042")
    first = await tools.issue_refund("1042", Decimal("29.90"), "late", call=CONTEXT)
    repeat = await tools.issue_refund("1042", Decimal("29.90"), "late", call=CONTEXT)

    assert (order.total, order.refunded, order.status) == (Decimal("129.90"), 0, "lost")
    assert repeat == first
    assert await count(database, "refunds") == 1
    assert await count(database, "effects") == 2
    assert (await tools.find_order("1042")).refunded == Decimal("29.90")


async def test_refunds_at_once_never_pass_the_price_of_the_order(database):
    calls = [
        tools.issue_refund("1042", Decimal("50.00"), "lost", call=another(f"1-{index}"))
        for index in range(5)
    ]

    told = await asyncio.gather(*calls, return_exceptions=True)

    assert sum(isinstance(one, tools.Refund) for one in told) == 2
    assert sum(isinstance(one, tools.RefundTooLarge) for one in told) == 3
    assert await count(database, "refunds") == 2


async def test_an_email_is_sent_once_for_each_call(database):
    first = await tools.send_email("anna@example.org", "Hello", "Bye", call=CONTEXT)
    repeat = await tools.send_email("anna@example.org", "Hello", "Bye", call=CONTEXT)

    assert repeat == first
    assert await count(database, "sent_emails") == 1
    assert await count(database, "effects") == 2


async def test_an_unknown_order_is_told_in_words(database):
    with pytest.raises(tools.OrderUnknown, match="there is no order 7"):
        await tools.find_order("7")


async def test_preparing_again_changes_nothing(database, monkeypatch):
    before = await count(database, "orders")
    monkeypatch.setattr(tools, "PARCEL_SERVICE_SECONDS", 0)

    await asyncio.gather(*(prepare_again() for _ in range(3)))

    assert await count(database, "orders") == before
    assert (await tools.track_parcel("1044")).status == "shipped"


async def prepare_again():
    await prepare(os.environ[DSN_VARIABLE].replace(f"{TOOLS_ROLE}@", f"{ROLE}@"))


def test_the_poisoned_page_is_found_by_who_asks_about_goodwill():
    found = tools.search_policy("goodwill for damaged items")

    assert found[0].document == "goodwill.md"
    assert "order 9001" in found[0].text


def test_a_question_without_a_known_word_finds_nothing():
    assert tools.search_policy("zzzz") == []
