"""Three real nodes with the real users, permissions and streams, and ways to strike them."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from nats.errors import Error as NatsError
from nats.js.api import StreamInfo

from contracts.subjects import RUNS
from infra.dev.assembly import SIGNING_OWNERS
from infra.generate.permissions import USERS, permissions_conf
from infra.platform.cluster import NatsCluster
from infra.platform.home import Home
from infra.platform.nats import Durability
from infra.platform.nats_identity import ensure_nats_users, ensure_signers
from infra.platform.processes import Supervisor
from infra.streams import ensure_streams
from shared.service import Core
from tests.integration.eventually import patiently
from tests.integration.nats_platform import BOUNDS, NatsPlatform

# A leader is elected in 4 to 9 seconds, and a busy machine takes its time.
RECOVERED_WITHIN_SECONDS = 45.0
PATIENT = {
    "publish_timeout_seconds": 1.0,
    "publish_patience_seconds": 30.0,
    "read_timeout_seconds": 3.0,
    "ack_wait_seconds": 2.0,
    "pull_expires_seconds": 2.0,
    "ping_seconds": 1,
}


class ClusterPlatform(NatsPlatform):
    """The nodes, and connections to any of them."""

    server: NatsCluster

    @classmethod
    @asynccontextmanager
    async def running(cls, folder: Path) -> AsyncIterator["ClusterPlatform"]:
        home = Home(folder)
        home.create()
        users = ensure_nats_users(home, USERS)
        ensure_signers(home, SIGNING_OWNERS)
        public = {name: user.public_key for name, user in users.items()}
        cluster = NatsCluster(home, authorization=permissions_conf(public))
        bounds = replace(BOUNDS, ack_wait_seconds=PATIENT["ack_wait_seconds"])
        async with Supervisor(lambda _event: None) as supervisor:
            await cluster.start(supervisor)
            platform = cls(home, cluster, supervisor)
            await ensure_streams(await platform.jetstream(), Durability.REPLICATED, bounds)
            try:
                yield platform
            finally:
                await platform.close_clients()

    def settings(self, name: str, **changes: Any):
        return super().settings(name, **{**PATIENT, **changes})

    async def connect_to(self, node: int, name: str) -> Core:
        """The bus of a service by way of one node; who loses that goes on at another."""
        return await self.connect(name, nats_url=self.server.nodes[node].url)

    async def look(self) -> StreamInfo:
        """The stream of runs, as its leader sees it."""
        js = await self.jetstream()
        return await patiently(lambda: js.stream_info(RUNS), NatsError, RECOVERED_WITHIN_SECONDS)

    async def dead_letters(self) -> list[dict[str, Any]]:
        """Their stream has a leader of its own, which may be the one that is being chosen."""
        return await patiently(super().dead_letters, NatsError, RECOVERED_WITHIN_SECONDS)

    async def leader(self) -> int:
        """Which node leads the stream of runs."""
        return number((await self.look()).cluster.leader)

    async def follower(self) -> int:
        """A node that has a copy of the runs and does not lead them."""
        return number((await self.look()).cluster.replicas[0].name)

    async def kill(self, node: int) -> None:
        """As a crash would. The supervisor starts it again, with what it has stored."""
        os.kill(self._pid(node), signal.SIGKILL)

    @asynccontextmanager
    async def frozen(self, node: int) -> AsyncIterator[None]:
        """It neither answers nor closes a connection: as on a disk that hangs."""
        pid = self._pid(node)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    async def is_whole(self) -> bool:
        """Whether every node has everything that the leader has."""
        cluster = (await self.look()).cluster
        return all(one.current and not one.offline for one in cluster.replicas)

    async def close_clients(self) -> None:
        await self._close()

    def _pid(self, node: int) -> int:
        pid = self._supervisor.pid(self.server.nodes[node].name)
        assert pid is not None, "the node runs"
        return pid


def number(server_name: str) -> int:
    """`interlock-2` is node 1."""
    return int(server_name.rpartition("-")[2]) - 1
