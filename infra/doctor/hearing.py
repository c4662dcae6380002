"""What the looks at one consumer mean: does its service hear, and keep up?

Where messages are in hand and nothing moves, nobody can tell from here whether their service works
on them or died with them: that is a warning.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nats.js.api import ConsumerConfig, ConsumerInfo

from contracts.hearings import HEARINGS
from contracts.subjects import ORCHESTRATOR, TIMER_DURABLE
from infra.streams import differences_of, plural

from .finding import Finding, fail, ok, warn
from .installation import Installation
from .remedies import make_streams

LAG_MESSAGES = 1000
REDELIVERED_MESSAGES = 20

SERVICES = {**{one.durable: one.service for one in HEARINGS}, TIMER_DURABLE: ORCHESTRATOR}


def service_of(durable: str) -> str:
    """Who hears a consumer; one of a tenant has its name behind that of the service."""
    return SERVICES.get(durable) or durable.partition("-")[0]


@dataclass(frozen=True, slots=True)
class Seen:
    """A consumer, and whether anybody pulled from it, or it moved, during the looks."""

    info: ConsumerInfo
    alive: bool


def is_pulled(info: ConsumerInfo | None) -> bool:
    """Somebody asks for messages."""
    return info is not None and bool(info.num_waiting)


def _place(info: ConsumerInfo | None) -> tuple[int, int]:
    """How much was handed out, and how much of it was settled."""
    if info is None or info.delivered is None or info.ack_floor is None:
        return (0, 0)
    return (info.delivered.consumer_seq, info.ack_floor.consumer_seq)


def seen_in(looks: Sequence[ConsumerInfo | None]) -> Seen | None:
    """What the looks at one consumer say together; None if in the end there is none."""
    last, moved = looks[-1], len(set(map(_place, looks))) > 1
    return None if last is None else Seen(last, moved or any(map(is_pulled, looks)))


def judge(
    stream: str, wanted: ConsumerConfig, seen: Seen | None, installation: Installation
) -> Iterator[Finding]:
    """What differs, who does not hear, and what waits; one finding that it is well, if nothing."""
    durable = wanted.durable_name or ""
    name = f"{stream}/{durable}"
    if seen is None:
        yield fail(name, "does not exist: its service hears nothing", make_streams(installation))
        return
    differences = differences_of(wanted, plural(seen.info.config))
    amiss = [
        *(fail(f"{name} settings", one, make_streams(installation)) for one in differences),
        *_hearing(name, durable, seen, installation),
        *_waiting(name, durable, seen.info),
    ]
    yield from amiss or [ok(name, f"{seen.info.num_pending or 0} wait, its service hears")]


def _hearing(name: str, durable: str, seen: Seen, installation: Installation) -> Iterator[Finding]:
    service = service_of(durable)
    if seen.info.paused:
        yield fail(
            f"{name} paused",
            "it is paused: nothing is handed out",
            f"nats consumer resume {name.replace('/', ' ')}",
        )
    if seen.alive:
        return
    log = installation.home.logs / f"{service}.log"
    read = f"read {log}, then " if installation.kind == "platform" else ""
    remedy = f"{read}start it: python -m services.{service}"
    if seen.info.num_ack_pending:
        detail = f"{seen.info.num_ack_pending} are in hand and nobody asks for more: {service} "
        yield warn(f"{name} hearing", f"{detail}is at its limit, or died with them", remedy)
    else:
        detail = f"nobody pulls from it: {service} does not run, or does not hear"
        yield fail(f"{name} hearing", detail, remedy)


def _waiting(name: str, durable: str, info: ConsumerInfo) -> Iterator[Finding]:
    service = service_of(durable)
    if (pending := info.num_pending or 0) >= LAG_MESSAGES:
        detail = f"{pending} messages wait for {service}"
        yield warn(f"{name} lag", detail, f"start more replicas of {service}")
    if (again := info.num_redelivered or 0) >= REDELIVERED_MESSAGES:
        detail = f"{again} messages in flight were tried before: {service} fails or is too slow"
        yield warn(f"{name} redeliveries", detail, f"interlock dlq list; the log of {service}")
