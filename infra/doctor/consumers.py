"""Is every durable consumer there, as we would make it, pulled from, and not behind?

A consumer that nobody pulls from at one moment may only be between two pulls, or its service busy
with what it has: it is looked at several times.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import nats.errors
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, ConsumerInfo
from nats.js.errors import APIError, NotFoundError

from contracts.hearings import HEARINGS
from contracts.subjects import ORCHESTRATOR, TIMER_DURABLE
from infra.generate.permissions import INFRA
from infra.streams import (
    RETIRED_CONSUMERS,
    Bounds,
    consumer_configs,
    differences_of,
    plural,
)

from .finding import Finding, fail, ok, warn
from .installation import Installation
from .session import session

LOOKS = 4
PAUSE_SECONDS = 0.3
LAG_MESSAGES = 1000
REDELIVERED_MESSAGES = 20

SERVICES = {**{one.durable: one.service for one in HEARINGS}, TIMER_DURABLE: ORCHESTRATOR}

# By stream and durable; None where there is none.
Infos = Mapping[tuple[str, str], ConsumerInfo | None]


@dataclass(frozen=True, slots=True)
class Seen:
    """A consumer, and whether anybody pulled from it or worked on it in any of the looks."""

    info: ConsumerInfo
    pulled: bool


async def look_at_consumers(installation: Installation) -> Sequence[Finding]:
    wanted = consumer_configs(Bounds())
    async with session(installation, INFRA) as connected:
        js = connected.jetstream
        looks = [await _look(js, wanted)]
        while len(looks) < LOOKS and not all(map(_is_pulled, looks[-1].values())):
            await asyncio.sleep(PAUSE_SECONDS)
            looks.append(await _look(js, wanted))
        strangers = await _strangers(js, {stream for stream, _ in wanted})
    judged = (
        judge(stream, config, _seen(looks, (stream, config.durable_name or "")), installation)
        for stream, config in wanted
    )
    return (*(finding for findings in judged for finding in findings), *strangers)


async def _look(js: JetStreamContext, wanted: Sequence[tuple[str, ConsumerConfig]]) -> Infos:
    keys = [(stream, config.durable_name or "") for stream, config in wanted]
    infos = await asyncio.gather(*(_info(js, stream, durable) for stream, durable in keys))
    return dict(zip(keys, infos, strict=True))


async def _info(js: JetStreamContext, stream: str, durable: str) -> ConsumerInfo | None:
    try:
        info: ConsumerInfo = await js.consumer_info(stream, durable)
    except (NotFoundError, APIError):
        return None
    return info


def _is_pulled(info: ConsumerInfo | None) -> bool:
    """Somebody asks for messages, or is at work on as many as it wants."""
    return info is not None and bool(info.num_waiting or info.num_ack_pending)


def _seen(looks: Sequence[Infos], key: tuple[str, str]) -> Seen | None:
    info = looks[-1][key]
    return info if info is None else Seen(info, any(_is_pulled(look[key]) for look in looks))


def judge(
    stream: str, wanted: ConsumerConfig, seen: Seen | None, installation: Installation
) -> Iterator[Finding]:
    """What differs, who does not hear, and what waits; one finding that it is well, if nothing."""
    durable = wanted.durable_name or ""
    name = f"{stream}/{durable}"
    if seen is None:
        yield fail(name, "does not exist: its service hears nothing", installation.setup_command)
        return
    differences = differences_of(wanted, plural(seen.info.config))
    amiss = [
        *(fail(f"{name} settings", one, installation.setup_command) for one in differences),
        *_hearing(name, durable, seen, installation),
        *_waiting(name, durable, seen.info),
    ]
    yield from amiss or [ok(name, f"{seen.info.num_pending or 0} wait, its service hears")]


def _hearing(name: str, durable: str, seen: Seen, installation: Installation) -> Iterator[Finding]:
    service = SERVICES[durable]
    if seen.info.paused:
        yield fail(
            f"{name} paused",
            "it is paused: nothing is handed out",
            f"nats consumer resume {name.replace('/', ' ')}",
        )
    if not seen.pulled:
        log = installation.home.logs / f"{service}.log"
        read = f"read {log}, then " if installation.kind == "platform" else ""
        detail = f"nobody pulls from it: {service} does not run, or does not hear"
        yield fail(f"{name} hearing", detail, f"{read}start it: python -m services.{service}")


def _waiting(name: str, durable: str, info: ConsumerInfo) -> Iterator[Finding]:
    service = SERVICES[durable]
    if (pending := info.num_pending or 0) >= LAG_MESSAGES:
        detail = f"{pending} messages wait for {service}"
        yield warn(f"{name} lag", detail, f"start more replicas of {service}")
    if (again := info.num_redelivered or 0) >= REDELIVERED_MESSAGES:
        detail = f"{again} messages in flight were tried before: {service} fails or is too slow"
        yield warn(f"{name} redeliveries", detail, f"interlock dlq list; the log of {service}")


async def _strangers(js: JetStreamContext, streams: set[str]) -> tuple[Finding, ...]:
    """Durables that nobody should have: whatever they keep back is never handed out."""
    ours = {(stream, config.durable_name) for stream, config in consumer_configs(Bounds())}
    found: list[tuple[str, str]] = []
    for stream in sorted(streams):
        try:
            infos = await js.consumers_info(stream)
        except (NotFoundError, APIError, nats.errors.Error):
            continue
        found += [(stream, info.name) for info in infos if info.config.durable_name]
    return tuple(stranger(*key) for key in found if key not in ours)


def stranger(stream: str, durable: str) -> Finding:
    """A consumer of an older release, or of somebody else."""
    retired = (stream, durable) in RETIRED_CONSUMERS
    whose = "of an older release; nobody hears it" if retired else "no consumer of ours"
    remedy = f"nats consumer rm {stream} {durable}"
    return warn(f"{stream}/{durable}", whose, remedy if retired else f"if unknown: {remedy}")
