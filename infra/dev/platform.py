"""Start every part of the platform in order, and stop it in reverse, leaving nothing behind."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import nats
from nats.aio.client import Client

from contracts.subjects import CONSOLE, EXECUTOR, ROUTER
from infra.demo.shop.database import prepare as prepare_shop
from infra.generate.permissions import INFRA, USERS, permissions_conf
from infra.migrations.run import migrate
from infra.platform.child import Child, ChildEvent
from infra.platform.cluster import nats_of
from infra.platform.errors import PlatformError
from infra.platform.home import Endpoints, Home
from infra.platform.nats import DEFAULT_PORT, Durability
from infra.platform.nats_identity import ensure_canary_key, ensure_nats_users, ensure_signers
from infra.platform.ports import choose_port
from infra.platform.postgres import Postgres
from infra.platform.processes import Supervisor
from infra.platform.readiness import wait_ready
from infra.platform.wellness import kept_well
from infra.streams import Bounds, ensure_streams
from shared.connection import servers_of

from .assembly import (
    REPOSITORY,
    SIGNING_OWNERS,
    START_ORDER,
    Places,
    inherited,
    replicas_of,
    service_child,
    simulator_child,
    url_of,
)
from .people import DEV_APPROVER, ensure_token, token_of

CONSOLE_PORT = 8300
READY_TIMEOUT_SECONDS = 60.0
PROBE_TIMEOUT_SECONDS = 2.0
MANIFESTS_TIMEOUT_SECONDS = 60.0
RECONNECT_SECONDS = 0.2

Tell = Callable[[str], None]


class ManifestsFailed(PlatformError):
    """The declared tools could not be read."""


@dataclass(frozen=True)
class DevOptions:
    """How to run the platform. `extra_env` goes to every service; tests shorten waits by it.

    `replicas` says how many processes a service has, where that is not one: they share its work.
    """

    home: Home
    durability: Durability = Durability.FAST
    config_dir: Path = REPOSITORY / "infra" / "config"
    scenarios: Path = REPOSITORY / "infra" / "demo" / "scenarios"
    seed: int = 7
    console_port: int = CONSOLE_PORT
    nats_port: int = DEFAULT_PORT
    services: tuple[str, ...] = START_ORDER
    replicas: Mapping[str, int] = field(default_factory=dict)
    extra_env: Mapping[str, str] = field(default_factory=dict)
    # Calls to real providers cost money, so a key that happens to be in the environment is not
    # enough: somebody has to ask for them.
    real_providers: bool = False

    @property
    def processes(self) -> tuple[str, ...]:
        """Every process of every service, in the order of starting."""
        counted = ((name, self.replicas.get(name, 1)) for name in self.services)
        return tuple(name for service, count in counted for name in replicas_of(service, count))


class DevPlatform:
    """A running platform. Use `async with DevPlatform.running(options) as platform`."""

    def __init__(self, options: DevOptions, supervisor: Supervisor, places: Places) -> None:
        self.options = options
        self.supervisor = supervisor
        self.places = places
        self.token = ""
        self.approver_token = ""

    @property
    def console_url(self) -> str:
        return url_of(self.places.ports[CONSOLE])

    @classmethod
    @asynccontextmanager
    async def running(
        cls, options: DevOptions, tell: Tell, on_event: Callable[[ChildEvent], None]
    ) -> AsyncIterator["DevPlatform"]:
        """Everything up and ready; everything stopped when the block is left.

        Raises:
            PlatformError: something did not start; the message says what, where, what to do.
        """
        home = options.home
        home.create()
        async with AsyncExitStack() as stack:
            stack.enter_context(home.locked())
            supervisor = await stack.enter_async_context(Supervisor(on_event))
            platform = await _start(cls, options, supervisor, stack, tell)
            home.publish(platform.endpoints())
            stack.callback(home.withdraw)
            yield platform

    def endpoints(self) -> Endpoints:
        """What the command line needs to find us."""
        return Endpoints(
            pid=os.getpid(),
            durability=self.options.durability.value,
            nats_url=self.places.nats_url,
            nats_monitoring_url=self.places.nats_monitoring_url,
            postgres_dsn=self.places.postgres_dsn,
            console_url=self.console_url,
            services={name: url_of(port) for name, port in self.places.ports.items()},
        )

    async def start_service(self, name: str) -> None:
        """Start one service, or one replica of it, and wait until it hears."""
        await self.supervisor.start(self._child(name))
        await self.wait_until_ready(name)

    async def wait_until_ready(self, name: str) -> None:
        """Wait until a service says that it hears.

        Raises:
            NotReady: it does not, within a minute; the message ends with its last log lines.
        """
        url = f"{url_of(self.places.ports[name])}/readyz"
        await _answering(self.supervisor, self._child(name), url)

    def _child(self, name: str) -> Child:
        return service_child(name, self.places, self.options.extra_env)

    async def connect(self, user: str = INFRA) -> Client:
        """A plain NATS connection as one of the users."""
        seed = self.places.home.keys / f"{user}.nkey"
        return await nats.connect(
            servers_of(self.places.nats_url),
            nkeys_seed=str(seed),
            inbox_prefix=f"_INBOX_{user}".encode(),
            reconnect_time_wait=RECONNECT_SECONDS,
            max_reconnect_attempts=-1,
        )


async def _start(
    cls: type[DevPlatform],
    options: DevOptions,
    supervisor: Supervisor,
    stack: AsyncExitStack,
    tell: Tell,
) -> DevPlatform:
    home = options.home
    users = ensure_nats_users(home, USERS)
    ensure_signers(home, SIGNING_OWNERS)
    ensure_canary_key(home)
    public = {name: user.public_key for name, user in users.items()}
    authorization = permissions_conf(public)
    server = nats_of(home, options.durability, port=options.nats_port, authorization=authorization)
    postgres = Postgres(home)
    stack.callback(postgres.tidy)
    tell("starting nats-server and PostgreSQL")
    await asyncio.gather(server.start(supervisor), postgres.start(supervisor))
    for node in server.nodes:
        await stack.enter_async_context(kept_well(supervisor, node.name, node.ailment))
    simulated = ROUTER in options.services and not options.real_providers
    simulator_port = choose_port() if simulated else None
    places = Places(
        home=home,
        nats_url=server.url,
        nats_monitoring_url=server.monitoring_url,
        postgres_dsn=postgres.dsn,
        tools_dsn=postgres.tools_dsn,
        simulator_url=None if simulator_port is None else url_of(simulator_port),
        config_dir=options.config_dir,
        manifests_file=home.run / "tools.lock.json",
        tokens_file=home.keys / "tokens.json",
        ports=_ports(options),
    )
    platform = cls(options, supervisor, places)
    platform.token = ensure_token(places.tokens_file)
    platform.approver_token = token_of(places.tokens_file, DEV_APPROVER) or platform.token
    tell("making streams, tables and tool manifests")
    await asyncio.gather(_make_streams(platform), _make_tables(places), _pin_tools(platform))
    if simulator_port is not None:
        await _start_simulator(platform, simulator_port)
    tell(f"starting {', '.join(options.services)}")
    await asyncio.gather(*(platform.start_service(name) for name in options.processes))
    return platform


async def _start_simulator(platform: DevPlatform, port: int) -> None:
    options = platform.options
    child = simulator_child(options.home, port, options.scenarios, options.seed)
    await platform.supervisor.start(child)
    await _answering(platform.supervisor, child, f"{url_of(port)}/healthz")


async def _answering(supervisor: Supervisor, child: Child, url: str) -> None:
    """Wait until a child answers 200 there; NotReady, with the end of its log, if it does not."""

    async def probe() -> None:
        async with httpx.AsyncClient(timeout=PROBE_TIMEOUT_SECONDS) as client:
            (await client.get(url)).raise_for_status()

    await wait_ready(
        supervisor,
        child,
        probe,
        timeout_seconds=READY_TIMEOUT_SECONDS,
        transient=(httpx.HTTPError,),
    )


def _ports(options: DevOptions) -> dict[str, int]:
    names = {*START_ORDER, *options.processes} - {CONSOLE}
    ports = {name: choose_port() for name in sorted(names)}
    return {**ports, CONSOLE: choose_port(options.console_port)}


async def _make_streams(platform: DevPlatform) -> None:
    client = await platform.connect()
    try:
        bounds = Bounds()
        await ensure_streams(client.jetstream(), platform.options.durability.value, bounds)
    finally:
        await client.close()


async def _make_tables(places: Places) -> None:
    await migrate(places.postgres_dsn)
    await prepare_shop(places.postgres_dsn)


async def _pin_tools(platform: DevPlatform) -> None:
    if EXECUTOR in platform.options.services:
        await write_manifests(platform.places.manifests_file, platform.places.config_dir)


async def write_manifests(path: Path, config_dir: Path) -> None:
    """Tools are declared in code, and pinned before a run starts: this is that pin.

    Raises:
        ManifestsFailed: a module of tools.yaml cannot be imported, or declares a tool badly.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "services.tool_executor", "manifests", "--out", str(path)),
        cwd=REPOSITORY,
        env={**inherited(), "INTERLOCK_CONFIG_DIR": str(config_dir)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(MANIFESTS_TIMEOUT_SECONDS):
        said, _ = await process.communicate()
    if process.returncode != 0:
        raise ManifestsFailed(f"tools.yaml: {said.decode(errors='replace').strip()}")
