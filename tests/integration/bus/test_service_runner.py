"""A service as it is deployed: a process with an HTTP face that stops when it is told to."""

import asyncio
import re
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from contracts.subjects import LEDGER, ORCHESTRATOR, ROUTER
from infra.dev.assembly import REPOSITORY, inherited
from infra.platform.ports import LOOPBACK, choose_port
from shared.tracing.context import run_context
from tests.bodies import model_funded
from tests.integration.bus.scene import submit
from tests.integration.eventually import eventually

START_SECONDS = 20.0
LABEL = re.compile(r'="([^"]*)"')
ID_LIKE = re.compile(r"r-1\b|acme|[0-9a-f]{16}")


class Tiny:
    """The process of the tiny service."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self.process = process
        self.url = url

    async def get(self, path: str) -> httpx.Response:
        async with httpx.AsyncClient() as client:
            return await client.get(f"{self.url}{path}")

    async def is_ready(self) -> bool:
        assert self.process.returncode is None, "it ended at once"
        try:
            return (await self.get("/readyz")).status_code == 200
        except httpx.TransportError:
            return False


@asynccontextmanager
async def running(platform, **extra: str) -> AsyncIterator[Tiny]:
    port = choose_port()
    prefix = f"INTERLOCK_{ROUTER.upper()}"
    env = {
        **inherited(),
        "INTERLOCK_NATS_URL": platform.server.url,
        "INTERLOCK_KEYRING_FILE": str(platform.home.keys / "keyring.json"),
        f"{prefix}_NKEY_FILE": str(platform.home.keys / f"{ROUTER}.nkey"),
        f"{prefix}_HTTP_PORT": str(port),
        f"{prefix}_ACK_WAIT_SECONDS": "0.6",
        **{name.replace("ROUTER", prefix): value for name, value in extra.items()},
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.integration.bus.tiny_service"), cwd=REPOSITORY, env=env
    )
    tiny = Tiny(process, f"http://{LOOPBACK}:{port}")
    try:
        await eventually(tiny.is_ready, within_seconds=START_SECONDS)
        yield tiny
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def fund(platform):
    """An attempt that the tiny service will hear of."""
    submitted = await submit(platform)
    ledger = await platform.connect(LEDGER)
    return await ledger.bus.say(submitted, model_funded())


async def said_by_tiny(platform) -> list:
    """What it said of the run."""
    reader = (await platform.connect(ORCHESTRATOR)).bus.runs._reader
    return await reader.read("run.acme.r-1.model.failed", 1)


async def test_a_service_answers_hears_and_keeps_ids_out_of_its_metrics(nats_platform):
    funded = await fund(nats_platform)

    async with running(nats_platform) as tiny:

        async def answered() -> list:
            return await said_by_tiny(nats_platform)

        await eventually(answered)
        alive, ready, metrics = [await tiny.get(p) for p in ("/healthz", "/readyz", "/metrics")]
        [failed] = await said_by_tiny(nats_platform)

    assert alive.json() == {"status": "alive"}
    assert ready.json() == {"ready": True, "troubles": []}
    assert failed.headers["ce-causeid"] == funded.id
    ours = [line for line in metrics.text.splitlines() if line.startswith("interlock_")]
    assert 'interlock_facts_heard_total{outcome="done",type="model.funded"} 1.0' in ours
    assert "interlock_ready 1.0" in ours
    labels = [label for line in ours for label in LABEL.findall(line)]
    assert labels
    assert [label for label in labels if ID_LIKE.search(label)] == []


async def test_a_stopped_service_finishes_what_is_in_flight(nats_platform):
    await fund(nats_platform)

    async with running(nats_platform, ROUTER_NAP_SECONDS="1.5") as tiny:
        await asyncio.sleep(0.3)
        assert await said_by_tiny(nats_platform) == []
        tiny.process.send_signal(signal.SIGTERM)
        code = await asyncio.wait_for(tiny.process.wait(), timeout=8)

    engine = await nats_platform.jetstream()
    assert code in (0, -signal.SIGTERM)
    assert len(await said_by_tiny(nats_platform)) == 1
    assert (await engine.consumer_info("RUNS", ROUTER)).num_ack_pending == 0


async def test_a_service_that_cannot_finish_stops_when_the_grace_is_over(nats_platform):
    await fund(nats_platform)
    extra = {"ROUTER_NAP_SECONDS": "60", "ROUTER_STOP_GRACE_SECONDS": "1"}

    async with running(nats_platform, **extra) as tiny:
        await asyncio.sleep(0.3)
        began = time.monotonic()
        tiny.process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(tiny.process.wait(), timeout=6)

    assert 0.9 < time.monotonic() - began < 5
    assert await said_by_tiny(nats_platform) == []


async def test_a_service_is_not_ready_while_the_server_is_away(nats_platform):
    async with running(nats_platform) as tiny:
        nats_platform.kill_server()

        async def unready() -> bool:
            return not await tiny.is_ready()

        await eventually(unready)
        await eventually(tiny.is_ready, within_seconds=15)


async def test_every_fact_carries_a_trace_whether_or_not_anybody_looks(nats_platform):
    funded = await fund(nats_platform)

    assert funded.traceparent == run_context("acme", "r-1").header
