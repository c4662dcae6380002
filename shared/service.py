"""The runner of a service: a FastStream application whose handlers hear the log.

FastStream owns the process: connection, lifespan, context, HTTP, graceful stop. Handlers are its
typed, injected functions; what they ask for by `Context()` is looked up once, when the service
starts, and not on each of thousands of messages.
"""

import asyncio
import gc
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar, cast

import structlog
import uvicorn
from faststream import ContextRepo
from faststream.asgi import AsgiFastStream
from faststream.nats import NatsBroker
from nats.aio.client import Client

from contracts.envelope import Stored, Unbelievable
from contracts.hearings import HEARINGS, Hearing
from contracts.shape import Body
from contracts.subjects import kind_of_body
from contracts.tenancy import heard_in, user_of
from shared.bus import Heard, NatsBus, OnSaid, uncounted
from shared.clock import SystemClock
from shared.connection import inbox_prefix, make_broker, mark_repeated_headers
from shared.crashes import CrashBudget, NatsCrashCounts
from shared.deadletters import DeadLetters
from shared.delivery import Deliverer, Handler, OnUnbelievable, Patience
from shared.health import AsgiApp, Receive, Scope, Send, healthz, metrics, readyz
from shared.logs import start_logging
from shared.metrics import READY
from shared.publisher import Publisher
from shared.pull import PullLoop, Slots
from shared.redrive import Redrives
from shared.runlog import RunLog
from shared.settings import ServiceSettings
from shared.signing import Keyring, load_keyring, load_signer
from shared.telemetry.log_export import exporting_logs
from shared.telemetry.meters import Cadence, exporting_metrics
from shared.tenant_log import reader_for

log = structlog.get_logger()

GC_ALLOCATIONS = 50_000  # between collections of young objects; CPython's default is 700

S = TypeVar("S", bound=ServiceSettings)
AnyHandler = Callable[..., Awaitable[None]]
Wired = Mapping[str, object]
Wire = Callable[["Core", Any], AbstractAsyncContextManager[Wired]]


class Handlers:
    """Registers handlers by the body they hear: `@hears(ModelFunded)`."""

    def __init__(self) -> None:
        self.by_type: dict[str, AnyHandler] = {}
        self.unbelievable: AnyHandler | None = None

    def __call__(self, *bodies: type[Body]) -> Callable[[AnyHandler], AnyHandler]:
        def register(handler: AnyHandler) -> AnyHandler:
            for body in bodies:
                self.by_type[kind_of_body(body).type] = handler
            return handler

        return register

    def on_unbelievable(self, handler: AnyHandler) -> AnyHandler:
        """Also tell this handler of messages that are no facts, before they are put aside."""
        self.unbelievable = handler
        return handler


@dataclass(frozen=True)
class Service:
    """One service: its name, its settings, what it hears, and how its parts are wired.

    `web` answers every HTTP path that is not the runner's own. `on_said` counts what it says.
    With a tenant, it hears and reads the runs of that tenant alone, under a user of its own.
    """

    name: str
    settings: ServiceSettings
    handlers: Handlers
    wire: Wire
    routes: Sequence[tuple[str, AsgiApp]] = ()
    web: AsgiApp | None = None
    on_said: OnSaid = uncounted
    tenant: str | None = None


@dataclass
class Core:
    """A connected bus, and the loops that hear on it."""

    bus: NatsBus
    client: Client
    keyring: Keyring
    dead_letters: DeadLetters
    redrives: Redrives
    user: str
    loops: list[PullLoop] = field(default_factory=list)

    def troubles(self) -> list[str]:
        """What keeps the service from hearing; empty while all is well."""
        if not self.client.is_connected:
            return ["not connected to NATS"]
        return [loop.trouble for loop in self.loops if loop.trouble is not None]


async def connect(
    name: str,
    settings: ServiceSettings,
    broker: NatsBroker,
    on_said: OnSaid = uncounted,
    tenant: str | None = None,
) -> Core:
    """Connect a bus. Used by the runner, and by programs that only say and read.

    Raises:
        ConfigError: a key is absent or malformed.
    """
    keyring = load_keyring(settings.keyring_file)
    signer = load_signer(settings.signing_key_file)
    client = await broker.connect()
    mark_repeated_headers(client)
    user = user_of(name, tenant)
    reader = reader_for(tenant, client, inbox_prefix(user), settings.read_timeout_seconds)
    await reader.start()
    publisher = Publisher(
        client.jetstream(),
        reader,
        keyring,
        settings.publish_timeout_seconds,
        settings.publish_patience_seconds,
    )
    runs = RunLog(reader, keyring, settings.cached_runs)
    bus = NatsBus(client, runs, publisher, signer, SystemClock(), on_said)
    return Core(bus, client, keyring, DeadLetters(client, name), Redrives(reader, keyring), user)


def bind(handler: AnyHandler, context: ContextRepo) -> AnyHandler:
    """The handler with everything but its message filled in from the context, by name.

    Raises:
        LookupError: it asks for a name that nothing was wired under.
    """
    wanted = list(inspect.signature(handler).parameters)[1:]
    missing = [name for name in wanted if context.get(name) is None]
    if missing:
        raise LookupError(f"{handler.__name__} asks for {missing}, which `wire` does not yield")
    return partial(handler, **{name: context.get(name) for name in wanted})


def build(service: Service) -> AsgiFastStream:
    """The FastStream application of a service."""
    broker = make_broker(user_of(service.name, service.tenant), service.settings)
    cores: list[Core] = []
    context = ContextRepo()

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        core = await connect(
            service.name, service.settings, broker, service.on_said, service.tenant
        )
        cores.append(core)
        async with telling(service), service.wire(core, service.settings) as wired:
            for name, value in {"bus": core.bus, "core": core, **wired}.items():
                context.set_global(name, value)
            await _hear(service, core, context)
            log.info("service.ready", service=service.name)
            yield

    async def stop_hearing() -> None:
        # FastStream closes the connection before it leaves the lifespan, and what is in flight
        # still has something to say.
        grace = service.settings.stop_grace_seconds
        await asyncio.gather(*(loop.stop(grace) for core in cores for loop in core.loops))

    def troubles() -> list[str]:
        return cores[0].troubles() if cores else ["starting"]

    READY.set_function(lambda: not troubles())
    return AsgiFastStream(
        broker,
        context=context,
        lifespan=lifespan,
        on_shutdown=[stop_hearing],
        logger=None,
        asgi_routes=[
            ("/healthz", healthz()),
            ("/readyz", readyz(troubles)),
            ("/metrics", metrics()),
            *service.routes,
        ],
    )


@asynccontextmanager
async def telling(service: Service) -> AsyncIterator[None]:
    """Its metrics and logs go out by OTLP, where an endpoint is set."""
    settings = service.settings
    cadence = Cadence(settings.metric_interval_ms / 1000, settings.metric_timeout_ms / 1000)
    async with (
        exporting_metrics(service.name, settings.back_end, cadence),
        exporting_logs(service.name, settings.back_end),
    ):
        yield


def beside(app: AsgiFastStream, web: AsgiApp | None) -> AsgiApp:
    """Both in one process: `app` keeps the lifespan and its own paths, `web` has the others."""
    own = {path for path, _ in app.routes}

    async def both(scope: Scope, receive: Receive, send: Send) -> None:
        ours = scope["type"] == "lifespan" or scope.get("path") in own
        await (app if ours or web is None else web)(scope, receive, send)

    return both


def run_service(service: Service) -> None:
    """Run a service until SIGTERM or SIGINT; what is in flight then finishes."""
    start_logging(service.name, service.settings.log_level)
    # Cached runs are many small objects that live long: looking through them often finds nothing.
    gc.set_threshold(GC_ALLOCATIONS)
    uvicorn.run(
        beside(build(service), service.web),
        host=service.settings.http_host,
        port=service.settings.http_port,
        log_level="warning",
        timeout_graceful_shutdown=int(service.settings.stop_grace_seconds),
    )


async def _hear(service: Service, core: Core, context: ContextRepo) -> None:
    for hearing in (one for one in HEARINGS if one.service == service.name):
        loop = _loop(service, *heard_in(service.tenant, hearing), core, context)
        core.loops.append(loop)
        await loop.start()


def _loop(
    service: Service, stream: str, hearing: Hearing, core: Core, context: ContextRepo
) -> PullLoop:
    settings = service.settings
    bound = {
        type_: cast("Handler", bind(handler, context))
        for type_, handler in service.handlers.by_type.items()
    }
    missing = [type_ for type_ in hearing.types if type_ not in bound]
    if missing:
        raise LookupError(f"{service.name} hears {missing}, and no handler is registered")
    told = service.handlers.unbelievable
    deliverer = Deliverer(
        core.redrives,
        bound,
        core.dead_letters,
        Patience(hearing.deliveries, settings.retry_base_seconds, settings.retry_cap_seconds),
        crash_budget(core, service.name, hearing.durable, settings),
        cast("OnUnbelievable", bind_told(told, context)) if told else None,
    )
    return PullLoop(
        core.client,
        stream,
        hearing.durable,
        inbox_prefix(core.user),
        deliverer.deliver,
        slots=Slots(settings.in_flight, settings.recovery_slots),
        ack_wait_seconds=settings.ack_wait_seconds,
        expires_seconds=settings.pull_expires_seconds,
    )


def crash_budget(core: Core, service: str, durable: str, settings: ServiceSettings) -> CrashBudget:
    """What the messages of one consumer may cost in processes."""
    timeout = settings.publish_timeout_seconds
    counts = NatsCrashCounts(core.client, service, durable, timeout)
    return CrashBudget(counts, settings.crash_deliveries)


def bind_told(handler: AnyHandler, context: ContextRepo) -> AnyHandler:
    """As `bind`, for a handler of `(stored, error)`."""
    wanted = list(inspect.signature(handler).parameters)[2:]
    return partial(handler, **{name: context.get(name) for name in wanted})


__all__ = ["Core", "Handlers", "Heard", "Service", "Stored", "Unbelievable", "run_service"]
