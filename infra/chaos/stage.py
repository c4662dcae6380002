"""Everything that a play needs, up and running: platform with replicas, counter, log, approver."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx
from nats.aio.client import Client

from contracts.subjects import CONSOLE, SERVICES
from infra.dev.assembly import REPOSITORY, inherited, service_of, url_of
from infra.dev.platform import DevOptions, DevPlatform
from infra.platform.child import Child, ChildEvent
from infra.platform.home import Home
from infra.platform.nats import Durability
from infra.platform.ports import choose_port
from infra.platform.readiness import wait_ready

from .approver import Approver
from .canceller import Canceller
from .counter import CounterClient
from .hands import Hands
from .killer import Killer
from .plan import KINDS
from .producer import Log
from .tools import COUNTER_URL

HERE = Path(__file__).parent
REPLICAS = 2
COUNTER_READY_SECONDS = 20.0
READY_SECONDS = 2.0
READY_LOOK_SECONDS = 0.25


@dataclass(frozen=True)
class ChaosOptions:
    """How much, how hard, and what. `recoveries` are wanted of single kills, for their p99."""

    home: Path
    runs: int = 500
    recoveries: int = 100
    concurrency: int = 25
    seed: int = 1
    kills_per_minute: float = 20.0
    kinds: tuple[str, ...] = KINDS
    durability: Durability = Durability.FAST


@dataclass
class Progress:
    """What is told while it lasts."""

    runs: int
    ended: int = 0
    doing: str = "starting"
    kills: Callable[[], int] = field(default=lambda: 0)


@dataclass
class Stage:
    """The parts that play together."""

    platform: DevPlatform
    counter: CounterClient
    log: Log
    canceller: Canceller
    hands: Hands
    killer: Killer
    client: Client


@asynccontextmanager
async def stage_of(options: ChaosOptions, progress: Progress) -> AsyncIterator[Stage]:
    """Everything started, and stopped again.

    Raises:
        PlatformError: something did not start; the message says what, where, what to do.
    """
    port = choose_port()
    counter = CounterClient(url_of(port))

    def tell(sentence: str) -> None:
        progress.doing = sentence

    async with AsyncExitStack() as stack:
        running = DevPlatform.running(_platform(options, url_of(port)), tell, _unheard)
        platform = await stack.enter_async_context(running)
        await _start_counter(platform, options.home, port, counter)
        client = await platform.connect()
        stack.push_async_callback(client.close)
        hands = Hands()
        await hands.listen(client)
        log = await stack.enter_async_context(Log.of(platform))
        approver = Approver(_consoles(platform), platform.token, counter)
        stack.enter_context(_working(approver))
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=READY_SECONDS))
        killer = Killer(platform.supervisor, partial(_hears_again, http, platform))
        canceller = Canceller(_consoles(platform), platform.token, options.seed)
        yield Stage(platform, counter, log, canceller, hands, killer, client)


def _platform(options: ChaosOptions, counter_url: str) -> DevOptions:
    return DevOptions(
        Home(options.home),
        durability=options.durability,
        config_dir=HERE / "config",
        scenarios=HERE / "scenarios",
        seed=options.seed,
        console_port=0,
        nats_port=0,
        replicas=dict.fromkeys(SERVICES, REPLICAS),
        extra_env={COUNTER_URL: counter_url},
    )


async def _start_counter(
    platform: DevPlatform, home: Path, port: int, counter: CounterClient
) -> None:
    child = Child(
        name="counter",
        argv=(
            *(sys.executable, "-m", "infra.chaos.counter"),
            *("--port", str(port), "--file", str(home / "charges.sqlite")),
        ),
        env=inherited(),
        cwd=REPOSITORY,
        log_file=home / "logs" / "counter.log",
    )
    await platform.supervisor.start(child)

    async def probe() -> None:
        await counter.all()

    await wait_ready(
        platform.supervisor,
        child,
        probe,
        timeout_seconds=COUNTER_READY_SECONDS,
        transient=(httpx.HTTPError,),
    )


async def _hears_again(http: httpx.AsyncClient, platform: DevPlatform, name: str) -> None:
    """Return once a replica is ready; the caller's patience is the play's own."""
    url = f"{url_of(platform.places.ports[name])}/readyz"
    while True:
        with suppress(httpx.HTTPError):
            if (await http.get(url)).is_success:
                return
        await asyncio.sleep(READY_LOOK_SECONDS)


def _consoles(platform: DevPlatform) -> list[str]:
    services = platform.endpoints().services
    return [url for name, url in services.items() if service_of(name) == CONSOLE]


@contextmanager
def _working(approver: Approver) -> Iterator[None]:
    working = asyncio.create_task(approver.work(), name="approver")
    try:
        yield
    finally:
        working.cancel()
        with suppress(asyncio.CancelledError):
            working.exception() if working.done() else None


def _unheard(_: ChildEvent) -> None:
    """Crashes are what this is about; the killer keeps its own record."""
