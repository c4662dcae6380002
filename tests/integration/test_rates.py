"""Two replicas of the console on real servers: they hold one rate together, or each its own."""

import asyncio
import json
import sys
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg
import httpx
import pytest

from contracts.subjects import CONSOLE
from infra.dev.assembly import REPOSITORY, inherited
from infra.platform.ports import LOOPBACK, choose_port
from services.console.rules.rates import Rate
from services.console.settings import Settings
from services.console.store.rates import PostgresCounts, open_counts
from tests.integration.eventually import eventually
from tests.roles import dsn_of

START_SECONDS = 30.0
BURST = 20
# So few come back in a test that none does.
A_SECOND = 0.01
ANSWER_SECONDS = 0.1
ALONE_SECONDS = 1.0


@pytest.fixture
async def owner(postgres_dsn):
    connection = await asyncpg.connect(postgres_dsn)
    await connection.execute("TRUNCATE console_rates")
    yield connection
    await connection.close()


@asynccontextmanager
async def console(platform, folder, dsn):
    """A replica in a process of its own, and a client of it."""
    port, keys, prefix = choose_port(), platform.home.keys, "INTERLOCK_CONSOLE"
    tokens = folder / "tokens.json"
    tokens.write_text(json.dumps({"anna-token": {"principal": "anna@example.org", "roles": []}}))
    env = {
        **inherited(),
        "INTERLOCK_NATS_URL": platform.server.url,
        "INTERLOCK_KEYRING_FILE": str(keys / "keyring.json"),
        "INTERLOCK_CONFIG_DIR": str(REPOSITORY / "infra" / "config"),
        "INTERLOCK_POSTGRES_DSN": dsn_of(CONSOLE, dsn),
        f"{prefix}_TOKENS_FILE": str(tokens),
        f"{prefix}_NKEY_FILE": str(keys / f"{CONSOLE}.nkey"),
        f"{prefix}_SIGNING_KEY_FILE": str(keys / f"{CONSOLE}.seed"),
        f"{prefix}_HTTP_PORT": str(port),
        f"{prefix}_REQUESTS_BURST": str(BURST),
        f"{prefix}_REQUESTS_A_SECOND": str(A_SECOND),
        f"{prefix}_RATE_ANSWER_SECONDS": str(ANSWER_SECONDS),
        f"{prefix}_RATE_ALONE_SECONDS": str(ALONE_SECONDS),
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.console"), cwd=REPOSITORY, env=env
    )
    url, headers = f"http://{LOOPBACK}:{port}", {"authorization": "Bearer anna-token"}
    async with httpx.AsyncClient(base_url=url, headers=headers) as client:

        async def is_ready():
            assert process.returncode is None, "it ended at once"
            try:
                return (await client.get("/readyz")).status_code == 200
            except httpx.TransportError:
                return False

        try:
            await eventually(is_ready, within_seconds=START_SECONDS)
            yield client
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


@pytest.fixture
async def replicas(nats_platform, owner, postgres_dsn, tmp_path):
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(console(nats_platform, tmp_path, postgres_dsn))
            for _ in range(2)
        ]


async def taken(client):
    """How many of one more than the burst are taken."""
    answers = [await client.get("/api/v1/me") for _ in range(BURST + 1)]
    return sum(one.status_code == 200 for one in answers)


async def test_two_replicas_take_together_what_the_limit_says(replicas):
    found = await asyncio.gather(*(taken(one) for one in replicas))

    assert sum(found) == BURST
    assert min(found) > 0


async def test_while_the_count_does_not_answer_each_replica_holds_the_limit_alone(replicas, owner):
    transaction = owner.transaction()
    await transaction.start()
    await owner.execute("LOCK TABLE console_rates")

    found = [await taken(one) for one in replicas]

    assert found == [BURST, BURST]
    slowest = max([(await one.get("/api/v1/me")).elapsed.total_seconds() for one in replicas])
    assert slowest < ANSWER_SECONDS, "what is over the limit here asks nobody"
    await transaction.rollback()


@pytest.fixture
async def counts(owner, postgres_dsn):
    settings = Settings(
        postgres_dsn=dsn_of(CONSOLE, postgres_dsn),
        rate_answer_seconds=ANSWER_SECONDS,
        rate_alone_seconds=ALONE_SECONDS,
    )
    async with open_counts(settings) as opened:
        yield opened


async def test_a_count_gives_its_burst_and_then_its_rate(counts):
    rate = Rate(a_second=5, burst=3)

    found = [await counts.take("k", rate) for _ in range(4)]

    assert [one.is_taken for one in found] == [True, True, True, False]
    await asyncio.sleep(rate.wait(found[-1].left))
    assert (await counts.take("k", rate)).is_taken


async def test_requests_at_once_are_counted_one_by_one(counts):
    found = await asyncio.gather(*(counts.take("k", Rate(0.01, 10)) for _ in range(40)))

    assert sum(one.is_taken for one in found) == 10


async def test_what_does_not_answer_is_left_alone_for_a_while_and_asked_again(counts, owner):
    rate = Rate(A_SECOND, BURST)
    async with owner.transaction():
        await owner.execute("LOCK TABLE console_rates")
        assert await counts.take("k", rate) is None
    assert await counts.take("k", rate) is None, "it would answer, and is not asked yet"

    await asyncio.sleep(ALONE_SECONDS)

    assert (await counts.take("k", rate)).is_taken


async def test_a_database_that_is_gone_tells_nothing(postgres_dsn):
    pool = await asyncpg.create_pool(postgres_dsn, min_size=1, max_size=1)
    await pool.close()

    assert await PostgresCounts(pool, 0.1, 1.0).take("k", Rate(1, 1)) is None


async def test_a_full_bucket_leaves_no_row(counts, owner):
    await counts.take("soon", Rate(a_second=100, burst=1))
    await counts.take("late", Rate(A_SECOND, BURST))
    await asyncio.sleep(0.05)

    await counts.sweep()

    assert [row["name"] for row in await owner.fetch("SELECT name FROM console_rates")] == ["late"]
