"""The producer's side: hand in a task until the log has it, and wait for its end in the log."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import nats.errors
from nats.aio.client import Client
from nats.js.errors import APIError, NoStreamResponseError

from contracts.envelope import Fact
from contracts.shape import Body
from contracts.subjects import ENDS, PRODUCER, RUNS
from infra.dev.platform import DevPlatform
from shared.connection import mark_repeated_headers
from shared.direct import DirectReader
from shared.errors import LogUnavailable
from shared.runlog import RunLog
from shared.signing import load_keyring

TENANT = "chaos"
AGENT = "cashier"
# Every tenth run may spend so little that it must be stopped.
TIGHT_EVERY = 10
TIGHT_BUDGET_USD = 0.006
PUBLISH_SECONDS = 2.0
SUBMIT_PATIENCE_SECONDS = 120.0
READ_SECONDS = 5.0
LOOK_SECONDS = 0.5
PAUSE_SECONDS = 0.2
CACHED_RUNS = 1
NOT_TAKEN = (nats.errors.Error, APIError, NoStreamResponseError)


@dataclass
class Log:
    """The log itself: what everything is judged by in the end."""

    reader: DirectReader
    runs: RunLog
    producer: Client

    @classmethod
    @asynccontextmanager
    async def of(cls, platform: DevPlatform) -> AsyncIterator["Log"]:
        keyring = load_keyring(platform.places.home.keys / "keyring.json")
        producer, client = await platform.connect(PRODUCER), await platform.connect()
        mark_repeated_headers(client)
        reader = DirectReader(client, RUNS, "_INBOX_infra", READ_SECONDS)
        await reader.start()
        try:
            yield cls(reader, RunLog(reader, keyring, CACHED_RUNS), producer)
        finally:
            await producer.close()
            await client.close()

    async def submit(self, run_id: str, number: int) -> bool:
        """Hand in a task, again and again; whether it was acknowledged within our patience."""
        body = json.dumps(_task(run_id, number)).encode()
        subject = f"run.{TENANT}.{run_id}.task.submitted"
        jetstream = self.producer.jetstream()
        gives_up_at = time.monotonic() + SUBMIT_PATIENCE_SECONDS
        while time.monotonic() < gives_up_at:
            with suppress(*NOT_TAKEN):
                await jetstream.publish(subject, body, timeout=PUBLISH_SECONDS)
                return True
            await asyncio.sleep(PAUSE_SECONDS)
        return False

    async def ended(self, run_id: str, patience_seconds: float) -> bool:
        """Whether the run ends within the patience."""
        gives_up_at = time.monotonic() + patience_seconds
        while time.monotonic() < gives_up_at:
            with suppress(LogUnavailable, nats.errors.Error):
                heads = await self.reader.heads(f"run.{TENANT}.{run_id}.run.*")
                if any(head.subject.endswith(ENDS) for head in heads):
                    return True
            await asyncio.sleep(LOOK_SECONDS)
        return False

    async def facts(self, run_id: str) -> list[Fact[Body]]:
        """Every fact of a run that can be believed, in log order.

        Raises:
            LogUnavailable: the log did not answer.
        """
        return await self.runs.facts(TENANT, run_id)


def _task(run_id: str, number: int) -> dict[str, object]:
    limits = {"budget_usd": TIGHT_BUDGET_USD} if number % TIGHT_EVERY == 0 else {}
    return {
        "agent": AGENT,
        "input": f"Please charge the card for order {run_id}.",
        "limits": limits,
    }
