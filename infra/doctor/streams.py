"""Is every stream there, as we would make it, with room left, and with every copy current?

Also what nobody of ours made: the platform keeps no key-value buckets and no object stores, so
whatever else lies in the account takes room from the log.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, StreamConfig, StreamInfo
from nats.js.errors import NotFoundError

from infra.generate.permissions import INFRA
from infra.streams import REPLICAS, Bounds, differences_of, stream_configs

from .finding import Finding, fail, ok, warn
from .installation import Installation
from .remedies import make_streams
from .session import session

NEARLY_FULL = 0.80  # of the bytes that a stream may have
FULL = 0.95
MEBIBYTE = 1024 * 1024
# An operator may have given a stream more room; it is told, and nothing breaks.
SIZES = ("max_bytes",)


async def look_at_streams(installation: Installation) -> Sequence[Finding]:
    async with session(installation, INFRA) as connected:
        found = await _found(connected.jetstream)
    copies = _copies(installation.durability, found)
    wanted = stream_configs(copies, Bounds(), installation.tenants)
    judged = (
        judge(config, found.get(config.name or ""), make_streams(installation)) for config in wanted
    )
    ours = {config.name for config in wanted}
    strangers = (stranger(name) for name in sorted(found.keys() - ours))
    return (*(finding for findings in judged for finding in findings), *strangers)


async def _found(js: JetStreamContext) -> Mapping[str, StreamInfo]:
    """Every stream of the account; the leader of each is asked for its copies."""
    names = [info.config.name or "" for info in await js.streams_info()]
    infos = await asyncio.gather(*(_info(js, name) for name in names))
    return {name: info for name, info in zip(names, infos, strict=True) if info is not None}


async def _info(js: JetStreamContext, name: str) -> StreamInfo | None:
    try:
        return await js.stream_info(name)
    except NotFoundError:
        return None


def _copies(claimed: str, found: Mapping[str, StreamInfo]) -> int:
    """As many as the claim needs; where nobody claims anything, as many as most streams have."""
    if claimed in REPLICAS:
        return REPLICAS[claimed]
    return max((info.config.num_replicas or 1 for info in found.values()), default=1)


def judge(wanted: StreamConfig, info: StreamInfo | None, remedy: str) -> Iterator[Finding]:
    """What differs, what is full, what lags; one finding that it is well, if nothing."""
    name = wanted.name or ""
    if info is None:
        yield fail(name, "does not exist", remedy)
        return
    amiss = [*_settings(name, wanted, info, remedy), *_room(name, info), *_lagging(name, info)]
    yield from amiss or [ok(name, _told(info))]


def _settings(name: str, wanted: StreamConfig, info: StreamInfo, remedy: str) -> Iterator[Finding]:
    for difference in differences_of(wanted, info.config):
        setting = difference.split(" ", 1)[0]
        state = warn if setting in SIZES else fail
        yield state(f"{name} {setting}", difference, remedy)


def _room(name: str, info: StreamInfo) -> Iterator[Finding]:
    """A stream that drops its oldest goes on; one that does not, refuses what is new."""
    limit = info.config.max_bytes or 0
    if limit <= 0 or info.state.bytes < NEARLY_FULL * limit:
        return
    drops = info.config.discard == DiscardPolicy.OLD
    stops = info.state.bytes >= FULL * limit and not drops
    then = "then its oldest go" if drops else "then it takes nothing more"
    remedy = (
        f"raise its size in infra/streams/configs.py, and then: nats stream edit {name} "
        f"--max-bytes={2 * limit}"
    )
    yield (fail if stops else warn)(f"{name} room", f"{_told(info)}; {then}", remedy)


def _lagging(name: str, info: StreamInfo) -> Iterator[Finding]:
    cluster = info.cluster
    if cluster is None or not cluster.replicas:
        return
    if not cluster.leader:
        yield fail(f"{name} copies", "no node leads it", f"nats stream cluster step-down {name}")
    behind = [one.name or "?" for one in cluster.replicas if one.offline or not one.current]
    if behind:
        remedy = "start these nodes, or wait: nats server report jetstream"
        yield warn(f"{name} copies", f"behind or away: {', '.join(behind)}", remedy)


def stranger(name: str) -> Finding:
    """A stream that no release of ours makes."""
    detail = "no stream of ours; it takes room from the log"
    return warn(name, detail, f"if nobody else needs it: nats stream rm {name}")


def _told(info: StreamInfo) -> str:
    limit = info.config.max_bytes or 0
    used = f"{info.state.bytes / MEBIBYTE:.1f} MiB"
    filled = f", {info.state.bytes / limit:.0%} of what it may have" if limit > 0 else ""
    return f"{info.state.messages} messages, {used}{filled}"
