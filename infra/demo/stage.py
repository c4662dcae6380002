"""What the scenes play on: submit, follow, approve, break things, and look at what is left."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import asyncpg
import httpx
import psutil
from nats.aio.client import Client
from nats.aio.msg import Msg

from contracts.envelope import Fact, Stored, Unbelievable, believe
from contracts.history import Run
from contracts.shape import Body
from contracts.subjects import ENDS, PRODUCER
from infra.dev.platform import DevPlatform
from shared.connection import mark_repeated_headers
from shared.content import LogReader
from shared.errors import LogUnavailable
from shared.runlog import RunLog
from shared.signing import Keyring, load_keyring

TENANT = "demo"
FACT_TIMEOUT_SECONDS = 30.0
READ_TIMEOUT_SECONDS = 5.0
HTTP_TIMEOUT_SECONDS = 10.0
PAUSE_SECONDS = 0.05
CACHED_RUNS = 64

OnFact = Callable[[Fact[Body]], None]


class SceneFailed(Exception):
    """A scene did not come out as told."""


@dataclass
class Follower:
    """Hears every fact of the demo's runs, as any producer can."""

    keyring: Keyring
    on_fact: OnFact
    facts: dict[str, list[Fact[Body]]] = field(default_factory=dict)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def listen(self, client: Client) -> None:
        await client.subscribe(f"run.{TENANT}.>", cb=self._on_message)

    async def wait_for(self, run_id: str, *types: str, where: str = "") -> Fact[Body]:
        """The first fact of the run that is of one of these types and contains `where`.

        Raises:
            SceneFailed: it did not come in time.
        """

        def found() -> Fact[Body] | None:
            return next(
                (
                    fact
                    for fact in self.facts.get(run_id, [])
                    if fact.type in types and where in fact.body.model_dump_json()
                ),
                None,
            )

        try:
            async with asyncio.timeout(FACT_TIMEOUT_SECONDS), self._news:
                await self._news.wait_for(lambda: found() is not None)
        except TimeoutError:
            seen = ", ".join(fact.type for fact in self.facts.get(run_id, [])) or "nothing"
            raise SceneFailed(f"no {' or '.join(types)} came; heard: {seen}") from None
        fact = found()
        assert fact is not None, "it was found a moment ago"
        return fact

    async def _on_message(self, message: Msg) -> None:
        stored = Stored(message.subject, message.headers or {}, message.data, 0, datetime.now(UTC))
        try:
            fact = believe(stored, self.keyring)
        except Unbelievable:
            return
        heard = self.facts.setdefault(fact.run_id, [])
        # A subscription may tell the same fact twice.
        if any(earlier.id == fact.id for earlier in heard):
            return
        async with self._news:
            heard.append(fact)
            self._news.notify_all()
        self.on_fact(fact)


class Stage:
    """One platform with its doors: HTTP for people, NATS for programs, SQL for the shop."""

    def __init__(
        self, platform: DevPlatform, follower: Follower, runs: RunLog, http: httpx.AsyncClient
    ) -> None:
        self.platform = platform
        self.follower = follower
        self._runs = runs
        self._http = http

    @classmethod
    @asynccontextmanager
    async def on(cls, platform: DevPlatform, on_fact: OnFact) -> AsyncIterator["Stage"]:
        keyring = load_keyring(platform.places.home.keys / "keyring.json")
        follower = Follower(keyring, on_fact)
        listener, reader = await platform.connect(PRODUCER), await platform.connect()
        mark_repeated_headers(reader)
        direct = LogReader(reader, "_INBOX_infra", READ_TIMEOUT_SECONDS)
        try:
            await follower.listen(listener)
            await direct.start()
            async with httpx.AsyncClient(
                base_url=f"{platform.console_url}/api/v1",
                headers={"authorization": f"Bearer {platform.token}"},
                timeout=HTTP_TIMEOUT_SECONDS,
            ) as http:
                yield cls(platform, follower, RunLog(direct, keyring, CACHED_RUNS), http)
        finally:
            await listener.close()
            await reader.close()

    async def submit(self, run_id: str, text: str, **more: object) -> None:
        """Hand in a task, as a web form would."""
        body = {"agent": "support", "input": text, "tenant": TENANT, "run_id": run_id, **more}
        (await self._http.post("/tasks", json=body)).raise_for_status()

    async def answer(self, run_id: str, decision: str, reason: str) -> dict[str, str]:
        """Answer the open review of a run through the API that people use, as somebody else."""
        await self.follower.wait_for(run_id, "review.requested")
        async with asyncio.timeout(FACT_TIMEOUT_SECONDS):
            review = await self._open_review(run_id)
            while review is None:
                await asyncio.sleep(PAUSE_SECONDS)
                review = await self._open_review(run_id)
        url = f"/reviews/{review['id']}/{decision}"
        own = {"authorization": f"Bearer {self.platform.approver_token}"}
        body = {"reason": reason}
        (await self._http.post(url, json=body, headers=own)).raise_for_status()
        return review

    async def cancel(self, run_id: str) -> None:
        """Ask for the end of a run."""
        await self._ask(run_id, "cancel")

    async def pause(self, run_id: str) -> None:
        """Ask a run to stand still."""
        await self._ask(run_id, "pause")

    async def resume(self, run_id: str) -> None:
        """Let it go on."""
        await self._ask(run_id, "resume")

    async def _ask(self, run_id: str, what: str) -> None:
        url = f"/runs/{run_id}/{what}"
        (await self._http.post(url, params={"tenant": TENANT}, json={})).raise_for_status()

    async def _open_review(self, run_id: str) -> dict[str, str] | None:
        listed = (await self._http.get("/reviews")).raise_for_status().json()
        return next((one for one in listed if one["run_id"] == run_id), None)

    async def finished(self, run_id: str) -> Run:
        """The run, once it has ended and every attempt is settled.

        Raises:
            SceneFailed: it does not end.
        """
        await self.follower.wait_for(run_id, *ENDS)
        return await self.ended_in_log(run_id)

    async def ended_in_log(self, run_id: str) -> Run:
        """As `finished`, by reading alone.

        Raises:
            SceneFailed: it does not end, or its money is not settled.
        """
        run = Run(TENANT, run_id)
        try:
            async with asyncio.timeout(FACT_TIMEOUT_SECONDS):
                while not is_settled(run):
                    with contextlib.suppress(LogUnavailable):
                        run = await self._runs.read(TENANT, run_id)
                    await asyncio.sleep(PAUSE_SECONDS)
        except TimeoutError:
            raise SceneFailed(f"it is {run.status}, and its money is not settled") from None
        return run

    async def facts(self, run_id: str) -> list[Fact[Body]]:
        """Every fact of a run that lies in the log. A listener also hears what it refused."""
        return await self._runs.facts(TENANT, run_id)

    async def break_provider(self, provider: str) -> None:
        """Every call to this provider fails from now on."""
        await self._simulator("POST", {"provider": provider, "kind": "overloaded"})

    async def mend_providers(self) -> None:
        await self._simulator("DELETE", None)

    def kill(self, service: str) -> int:
        """SIGKILL, in the middle of whatever it does; the process that was killed."""
        pid = self.platform.supervisor.pid(service)
        if pid is None:
            raise SceneFailed(f"{service} is not running")
        psutil.Process(pid).send_signal(signal.SIGKILL)
        return pid

    async def reset_shop(self) -> None:
        """Forget what earlier demos refunded and wrote, so that this one can be told again."""
        await self._fetch("TRUNCATE shop.refunds, shop.sent_emails, shop.effects")

    async def refunds(self, order_id: str) -> list[str]:
        """The refunds that the shop's database holds for an order, as amounts."""
        rows = await self._fetch("SELECT amount FROM shop.refunds WHERE order_id = $1", order_id)
        return [str(row["amount"]) for row in rows]

    async def effects(self, run_id: str) -> list[str]:
        """Every execution of an effect that a run caused, by its idempotency key."""
        rows = await self._fetch(
            "SELECT idempotency_key FROM shop.effects WHERE idempotency_key LIKE $1",
            f"%{run_id}%",
        )
        return [row["idempotency_key"] for row in rows]

    async def _fetch(self, query: str, *arguments: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.platform.places.postgres_dsn)
        try:
            return list(await connection.fetch(query, *arguments))
        finally:
            await connection.close()

    async def _simulator(self, method: str, body: dict[str, str] | None) -> None:
        url = f"{self.platform.places.simulator_url}/control/faults"
        async with httpx.AsyncClient(timeout=HTTP_TIMEOUT_SECONDS) as client:
            (await client.request(method, url, json=body)).raise_for_status()


def is_settled(run: Run) -> bool:
    """Whether every funded attempt of an ended run has its settlement."""
    attempts = [attempt for step in run.steps for attempt in step.attempts]
    funded = [one for one in attempts if one.verdict and one.verdict.type == "model.funded"]
    return run.end is not None and all(one.settled is not None for one in funded)
