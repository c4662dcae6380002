"""Is every durable consumer there, as we would make it, pulled from, and not behind?

A consumer that nobody pulls from at one moment may only be between two pulls, or its service busy
with what it has: it is looked at several times. `hearing` judges what was seen.
"""

import asyncio
from collections.abc import Mapping, Sequence

from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, ConsumerInfo
from nats.js.errors import NotFoundError

from infra.generate.permissions import INFRA
from infra.streams import (
    RETIRED_CONSUMERS,
    Bounds,
    consumer_configs,
)

from .finding import Finding, warn
from .hearing import Seen, is_pulled, judge, seen_in
from .installation import Installation
from .session import session

LOOKS = 4
PAUSE_SECONDS = 0.3

# By stream and durable; None where there is none.
Infos = Mapping[tuple[str, str], ConsumerInfo | None]


async def look_at_consumers(installation: Installation) -> Sequence[Finding]:
    wanted = consumer_configs(Bounds(), installation.tenants)
    async with session(installation, INFRA) as connected:
        js = connected.jetstream
        looks = [await _look(js, wanted)]
        while len(looks) < LOOKS and not all(map(is_pulled, looks[-1].values())):
            await asyncio.sleep(PAUSE_SECONDS)
            looks.append(await _look(js, wanted))
        strangers = await _strangers(js, wanted)
    judged = (
        judge(stream, config, _seen(looks, stream, config), installation)
        for stream, config in wanted
    )
    return (*(finding for findings in judged for finding in findings), *strangers)


def _seen(looks: Sequence[Infos], stream: str, config: ConsumerConfig) -> Seen | None:
    return seen_in([look[(stream, config.durable_name or "")] for look in looks])


async def _look(js: JetStreamContext, wanted: Sequence[tuple[str, ConsumerConfig]]) -> Infos:
    keys = [(stream, config.durable_name or "") for stream, config in wanted]
    infos = await asyncio.gather(*(_info(js, stream, durable) for stream, durable in keys))
    return dict(zip(keys, infos, strict=True))


async def _info(js: JetStreamContext, stream: str, durable: str) -> ConsumerInfo | None:
    try:
        info: ConsumerInfo = await js.consumer_info(stream, durable)
    except NotFoundError:
        return None
    return info


async def _strangers(
    js: JetStreamContext, wanted: Sequence[tuple[str, ConsumerConfig]]
) -> tuple[Finding, ...]:
    """Durables that nobody should have: whatever they keep back is never handed out."""
    ours = {(stream, config.durable_name) for stream, config in wanted}
    found: list[tuple[str, str]] = []
    for stream in sorted({stream for stream, _ in wanted}):
        try:
            infos = await js.consumers_info(stream)
        except NotFoundError:
            continue
        found += [(stream, info.name) for info in infos if info.config.durable_name]
    return tuple(stranger(*key) for key in found if key not in ours)


def stranger(stream: str, durable: str) -> Finding:
    """A consumer of an older release, or of somebody else."""
    retired = (stream, durable) in RETIRED_CONSUMERS
    whose = "of an older release; nobody hears it" if retired else "no consumer of ours"
    remedy = f"nats consumer rm {stream} {durable}"
    return warn(f"{stream}/{durable}", whose, remedy if retired else f"if unknown: {remedy}")
