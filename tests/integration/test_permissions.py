"""Least privilege on a real server: each user does its work under its own key, and no more."""

import asyncio
import os
from collections.abc import Sequence

import nats
import nkeys
import pytest
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.errors import APIError

from contracts.hearings import HEARINGS
from contracts.subjects import (
    CONSOLE,
    EVALUATOR,
    EXECUTOR,
    GUARDRAIL,
    LEDGER,
    ORCHESTRATOR,
    ROUTER,
    SERVICES,
)
from infra.generate.permissions import INFRA, PRODUCER, USERS, permissions_conf
from infra.streams import Bounds, ensure_streams
from tests.integration.engine import nats_server
from tests.integration.eventually import eventually

BOUNDS = Bounds(runs_bytes=8_000_000, timers_bytes=1_000_000, dead_bytes=1_000_000)
REFUSED_AFTER_SECONDS = 0.4


class Engine:
    """A server with a key for each user, and a connection for whoever is asked for."""

    def __init__(self, names: Sequence[str] = USERS) -> None:
        seeds = {name: nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER) for name in names}
        self.seeds = {name: seed.decode() for name, seed in seeds.items()}
        self.public = {
            name: nkeys.from_seed(bytearray(seed)).public_key.decode()
            for name, seed in seeds.items()
        }
        self.url = ""
        self.refusals: list[str] = []
        self._open: list[nats.NATS] = []

    async def connect(self, user: str) -> nats.NATS:
        connection = await nats.connect(
            self.url,
            nkeys_seed_str=self.seeds[user],
            inbox_prefix=f"_INBOX_{user}".encode(),
            error_cb=self._note,
        )
        self._open.append(connection)
        return connection

    async def _note(self, error: Exception) -> None:
        self.refusals.append(str(error).lower())

    async def close(self) -> None:
        for connection in self._open:
            await connection.close()


@pytest.fixture
async def engine(tmp_path):
    engine = Engine()
    async with nats_server(tmp_path, permissions_conf(engine.public)) as engine.url:
        infra = await engine.connect(INFRA)
        await ensure_streams(infra.jetstream(), bounds=BOUNDS)
        yield engine
        await engine.close()


async def refused(engine: Engine, user: str, subject: str) -> bool:
    """Whether the server refuses to take a message of `user` there."""
    connection = await engine.connect(user)
    engine.refusals.clear()
    await connection.publish(subject, b"{}")
    await connection.flush()
    await asyncio.sleep(0.05)
    return any("permissions violation" in text for text in engine.refusals)


async def test_a_task_goes_in_and_is_heard_claimed_and_acknowledged(engine):
    producer = (await engine.connect(PRODUCER)).jetstream()
    await producer.publish("run.acme.r-1.task.submitted", b"{}")

    guardrail = (await engine.connect(GUARDRAIL)).jetstream()
    consumer = await guardrail.pull_subscribe_bind(GUARDRAIL, stream="RUNS")
    (message,) = await consumer.fetch(1, timeout=5)
    await message.ack_sync()

    assert (await consumer.consumer_info()).ack_floor.consumer_seq == 1


@pytest.mark.parametrize("hearing", HEARINGS, ids=lambda hearing: hearing.durable)
async def test_every_service_pulls_its_own_consumer_and_reads_the_log(engine, hearing):
    js = (await engine.connect(hearing.service)).jetstream()
    consumer = await js.pull_subscribe_bind(hearing.durable, stream="RUNS")

    with pytest.raises(NatsTimeoutError):
        await consumer.fetch(1, timeout=REFUSED_AFTER_SECONDS)
    with pytest.raises(APIError):
        await js.get_last_msg("RUNS", "run.acme.r-1.task.submitted", direct=True)
    assert engine.refusals == []


async def test_the_orchestrator_sets_hears_and_purges_timers(engine):
    js = (await engine.connect(ORCHESTRATOR)).jetstream()
    headers = {
        "Nats-Schedule": "@at 2099-01-01T00:00:00Z",
        "Nats-Schedule-Target": "timer.fired.acme.r-1",
    }

    await js.publish("timer.set.acme.r-1.deadline", b"", headers=headers)

    assert await js.purge_stream("TIMERS", subject="timer.set.acme.r-1.>")
    await js.pull_subscribe_bind("orchestrator-timers", stream="TIMERS")


@pytest.mark.parametrize(
    ("user", "subject"),
    [
        (PRODUCER, "run.acme.r-1.task.cleared"),
        (PRODUCER, "$JS.API.STREAM.PURGE.RUNS"),
        (EXECUTOR, "run.acme.r-1.tool.cleared"),
        (EXECUTOR, "run.acme.r-1.model.responded"),
        (EXECUTOR, "$JS.API.CONSUMER.MSG.NEXT.RUNS.model_router"),
        (EXECUTOR, "$JS.ACK.RUNS.cost_ledger.1.1.1.1.1"),
        (ROUTER, "run.acme.r-1.model.funded"),
        (ROUTER, "$JS.API.STREAM.DELETE.RUNS"),
        (ROUTER, "$JS.API.CONSUMER.CREATE.RUNS.spy"),
        (LEDGER, "timer.set.acme.r-1.deadline"),
        (LEDGER, "live.acme.r-1.tokens"),
        (GUARDRAIL, "dead.console.bad_body"),
        (ORCHESTRATOR, "run.acme.r-1.review.answered"),
        (CONSOLE, "run.acme.r-1.review.decided"),
        (CONSOLE, "timer.fired.acme.r-1"),
        *((service, "control.platform") for service in SERVICES if service != CONSOLE),
        (PRODUCER, "control.tenant.acme"),
        (CONSOLE, "$JS.API.STREAM.PURGE.CONTROL"),
        (EVALUATOR, "$JS.API.DIRECT.GET.CONTROL"),
        (CONSOLE, "$JS.API.STREAM.MSG.DELETE.DEAD"),
        (EXECUTOR, "dead.notes.1"),
        (EXECUTOR, "crash.model_router.model_router.1"),
        (EXECUTOR, "$JS.API.DIRECT.GET.CRASHES.crash.model_router.model_router.1"),
        (LEDGER, "run.acme.r-1.run.redriven.cost_ledger"),
    ],
)
async def test_what_is_not_in_the_table_is_refused(engine, user, subject):
    assert await refused(engine, user, subject)


async def test_nobody_listens_on_the_inbox_of_another(engine):
    connection = await engine.connect(EXECUTOR)

    await connection.subscribe("_INBOX_cost_ledger.>")

    await eventually(lambda: any("permissions violation" in text for text in engine.refusals))


async def test_only_the_console_hears_tokens_as_they_come(engine):
    console = await engine.connect(CONSOLE)
    tokens = await console.subscribe("live.*.*.tokens")
    await console.flush()

    await (await engine.connect(ROUTER)).publish("live.acme.r-1.tokens", b"It was")

    assert (await tokens.next_msg(timeout=10)).data == b"It was"


async def test_only_the_executor_tells_how_far_a_tool_has_come(engine):
    console = await engine.connect(CONSOLE)
    told = await console.subscribe("live.*.*.progress")
    await console.flush()

    await (await engine.connect(EXECUTOR)).publish("live.acme.r-1.progress", b"{}")

    assert (await told.next_msg(timeout=10)).data == b"{}"
    assert await refused(engine, ROUTER, "live.acme.r-1.progress")


def test_a_user_without_a_key_is_named():
    with pytest.raises(ValueError, match="no public nkey for orchestrator"):
        permissions_conf({name: "U" for name in USERS if name != ORCHESTRATOR})
