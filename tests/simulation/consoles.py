"""The console: two replicas with its real handlers, called as its API calls them.

A caller waits for an answer, and no longer than it has patience. Whoever gets none asks again, of
whichever replica is there; what was asked before may be done all the same.
"""

from collections.abc import Callable, Coroutine
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

import nats.errors

from contracts.subjects import CONSOLE, CONTROL
from services.console.api.desk import Desk
from services.console.archives import KeptHistory, MemoryArchives
from services.console.dead_letters import MemoryDeadLetters
from services.console.errors import ConsoleError, Unavailable
from services.console.settings import Settings
from shared.errors import LogError
from shared.order_log import LogOrders
from tests.histories import Mark, Marks
from tests.readmodels import MemoryRows

from .asked import Asked
from .process import Process
from .scenarios import AGENTS
from .wire import StreamReader

if TYPE_CHECKING:
    from .cluster import Cluster

T = TypeVar("T")
REPLICAS = 2
RESTART_SECONDS = 2.0
PATIENCE_SECONDS = 30.0
TIMEOUT_SECONDS = 2.0
SETTINGS = Settings(event_poll_seconds=1.0)
NO_ANSWER = (LogError, Unavailable, nats.errors.Error, ConnectionError)


class Consoles:
    """Whoever is asked, and what they told."""

    def __init__(self, cluster: "Cluster", chance: Random, asked: Asked) -> None:
        self.asked = asked
        self._cluster = cluster
        self._chance = chance
        self._alive: dict[int, tuple[Process, Desk]] = {}

    def start(self) -> None:
        for number in range(REPLICAS):
            self._start(number)

    async def ask(self, work: Callable[[Desk], Coroutine[Any, Any, T]]) -> T | ConsoleError:
        """What a console answers, or why it refuses.

        Raises:
            ConnectionError: nobody answered; it may be done, or not.
        """
        if not self._alive:
            raise ConnectionError("nobody is there")
        process, desk = self._chance.choice([one for _, one in sorted(self._alive.items())])
        try:
            return await process.serve(work(desk), PATIENCE_SECONDS)
        except NO_ANSWER as error:
            raise ConnectionError(str(error)) from error
        except ConsoleError as refused:
            return refused

    def _start(self, number: int) -> None:
        process = self._cluster.process(f"console-{number}")
        process.on_crash = lambda: self._crashed(number)
        self._alive[number] = (process, self._desk(process))

    def _crashed(self, number: int) -> None:
        self._cluster.crashes += 1
        del self._alive[number]
        after = self._chance.random() * RESTART_SECONDS
        self._cluster.engine.loop.call_later(after, self._start, number)

    def _desk(self, process: Process) -> Desk:
        """What the handlers work with. No lists are asked for here, so that none are kept up."""
        bus, archives = self._cluster.bus(CONSOLE, process), MemoryArchives()
        client = bus._client
        reader = StreamReader(client, CONTROL)
        return Desk(
            bus,
            KeptHistory(bus.runs, archives),
            MemoryRows(),
            MemoryDeadLetters([], []),
            AGENTS,
            {},
            SETTINGS,
            LogOrders(client.jetstream(), reader, Marks(), Mark(CONSOLE), TIMEOUT_SECONDS),
            archives,
        )
