"""A real nats-server with the real users, permissions, keys and streams, for one test."""

import base64
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGKILL
from typing import Any

import nats
from nats.aio.client import Client
from nats.js import JetStreamContext

from contracts.hearings import HEARINGS
from contracts.subjects import DEAD
from contracts.tenancy import heard_in, user_of
from infra.dev.assembly import SIGNING_OWNERS
from infra.generate.permissions import INFRA, permissions_conf, users
from infra.platform.home import Home
from infra.platform.nats import NatsServer
from infra.platform.nats_identity import ensure_nats_users, ensure_signers, keyring_file
from infra.platform.processes import Supervisor
from infra.streams import Bounds, ensure_streams
from shared.connection import inbox_prefix, make_broker, servers_of
from shared.delivery import Deliverer, Handler, OnUnbelievable, Patience
from shared.pull import PullLoop, Slots
from shared.service import Core, connect, crash_budget
from shared.settings import ServiceSettings

BOUNDS = Bounds(
    runs_bytes=64_000_000, timers_bytes=1_000_000, dead_bytes=16_000_000, ack_wait_seconds=0.6
)
# Short, so that a test of patience does not need any.
QUICK: Mapping[str, Any] = {
    "ack_wait_seconds": BOUNDS.ack_wait_seconds,
    "pull_expires_seconds": 1.5,
    "publish_timeout_seconds": 0.4,
    "publish_patience_seconds": 0.6,
    "read_timeout_seconds": 2.0,
    "retry_base_seconds": 0.1,
    "stop_grace_seconds": 2.0,
}
DELIVERIES = 3


class NatsPlatform:
    """The server, and connections under any of its users. All are closed at the end."""

    def __init__(
        self, home: Home, server: NatsServer, supervisor: Supervisor, tenants: Sequence[str] = ()
    ) -> None:
        self.home = home
        self.tenants = tuple(tenants)
        self.server = server
        self.refusals: list[str] = []
        self._supervisor = supervisor
        self._closers: list[Callable[[], Awaitable[object]]] = []

    @classmethod
    @asynccontextmanager
    async def running(
        cls, folder: Path, tenants: Sequence[str] = ()
    ) -> AsyncIterator["NatsPlatform"]:
        home = Home(folder)
        home.create()
        made = ensure_nats_users(home, [user.name for user in users(tenants)])
        ensure_signers(home, SIGNING_OWNERS)
        public = {name: user.public_key for name, user in made.items()}
        authorization = permissions_conf(public, tenants)
        server = NatsServer(home, port=0, monitoring_port=0, authorization=authorization)
        async with Supervisor(lambda _event: None) as supervisor:
            await server.start(supervisor)
            platform = cls(home, server, supervisor, tenants)
            await ensure_streams(await platform.jetstream(), bounds=BOUNDS, tenants=tenants)
            try:
                yield platform
            finally:
                await platform._close()

    def settings(self, name: str, **changes: Any) -> ServiceSettings:
        """What a service is told here: its own keys, and short waits."""
        seed = self.home.keys / f"{name}.seed"
        own = {
            "nats_url": self.server.url,
            "keyring_file": keyring_file(self.home),
            "nkey_file": self.home.keys / f"{name}.nkey",
            "signing_key_file": seed if seed.exists() else None,
        }
        return ServiceSettings(**{**QUICK, **own, **changes})

    async def connect(self, name: str, tenant: str | None = None, **changes: Any) -> Core:
        """The bus of a service, of one tenant or of all, under its own credentials."""
        user = user_of(name, tenant)
        settings = self.settings(user, **changes)
        broker = make_broker(user, settings)
        core = await connect(name, settings, broker, tenant=tenant)
        self._closers.append(core.client.close)
        return core

    async def client(self, user: str) -> Client:
        """A plain connection under the credentials of `user`, whatever it then does with them."""

        async def note(error: Exception) -> None:
            self.refusals.append(str(error).lower())

        client = await nats.connect(
            servers_of(self.server.url),
            nkeys_seed=str(self.home.keys / f"{user}.nkey"),
            inbox_prefix=inbox_prefix(user).encode(),
            error_cb=note,
        )
        self._closers.append(client.close)
        return client

    async def jetstream(self) -> JetStreamContext:
        """The engine as its operator sees it."""
        return (await self.client(INFRA)).jetstream(timeout=5)

    async def hear(
        self,
        core: Core,
        name: str,
        handlers: Mapping[str, Handler],
        *,
        in_flight: int = 64,
        recovery_in_flight: int = 16,
        told: OnUnbelievable | None = None,
        cap_seconds: float = 5.0,
        tenant: str | None = None,
    ) -> PullLoop:
        """Hear the durable consumer of a service, in the way that its runner does."""
        settings = self.settings(name)
        served = next(one for one in HEARINGS if one.service == name)
        stream, hearing = heard_in(tenant, served)
        patience = Patience(hearing.deliveries, settings.retry_base_seconds, cap_seconds)
        budget = crash_budget(core, name, hearing.durable, settings)
        loop = PullLoop(
            core.client,
            stream,
            hearing.durable,
            inbox_prefix(core.user),
            Deliverer(core.redrives, handlers, core.dead_letters, patience, budget, told).deliver,
            slots=Slots(in_flight, recovery_in_flight),
            ack_wait_seconds=settings.ack_wait_seconds,
            expires_seconds=settings.pull_expires_seconds,
        )
        await loop.start()
        self._closers.append(lambda: loop.stop(settings.stop_grace_seconds))
        return loop

    async def dead_letters(self) -> list[dict[str, Any]]:
        """Every dead letter, in order, with the body that it is about."""
        js = await self.jetstream()
        last = (await js.stream_info(DEAD)).state.last_seq
        found = [await js.get_msg(DEAD, sequence) for sequence in range(1, last + 1)]
        letters = [json.loads(one.data or b"{}") for one in found]
        return [{**one, "body": base64.b64decode(one["body_base64"])} for one in letters]

    def kill_server(self) -> None:
        """As a crash would; it is started again, on its port, with what it has stored."""
        pid = self._supervisor.pid("nats")
        assert pid is not None, "the server runs"
        os.kill(pid, SIGKILL)

    async def _close(self) -> None:
        while self._closers:
            await self._closers.pop()()
