"""Makes streams and consumers, or brings them up to date.

Only the user `infra` may do this; services find what they need in place. Doing it again changes
nothing. What an older release made is updated, if the server can; if it cannot, a person decides.

StreamsError             says which stream or consumer, what differs, and what to do
├── UnknownDurability    a mode that does not exist: a mistake in the settings
└── StreamIncompatible   what is there can never become what is wanted: ask a person
"""

import asyncio
import time
from collections.abc import Iterable

from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, StreamConfig
from nats.js.errors import APIError, NotFoundError

from contracts.hearings import HEARINGS
from contracts.subjects import EXECUTOR, RUNS
from contracts.tenancy import COPIES, copy_of

from .configs import REPLICAS, RETIRED_CONSUMERS, Bounds, consumer_configs, stream_configs
from .differences import differences_of, plural

NO_PEERS = 10005
"""What a cluster says whose nodes do not all answer: they have just started, or one is away."""

PLACEMENT_PATIENCE_SECONDS = 15.0
PLACEMENT_PAUSE_SECONDS = 0.25


class StreamsError(Exception):
    """The root of the family."""


class UnknownDurability(StreamsError):
    """There is no such durability mode."""

    def __init__(self, durability: str) -> None:
        self.durability = durability
        super().__init__(f"durability {durability!r} is unknown: choose {', '.join(REPLICAS)}")


class StreamIncompatible(StreamsError):
    """A stream or consumer exists, differs, and the server refuses to change it."""

    def __init__(self, what: str, differences: tuple[str, ...], answer: str) -> None:
        self.what = what
        self.differences = differences
        super().__init__(
            f"{what} exists and cannot be changed ({'; '.join(differences)}): the server says "
            f"{answer!r}. Use another server or account, or archive its runs and delete it first"
        )


async def ensure_streams(
    js: JetStreamContext,
    durability: str = "fast",
    bounds: Bounds | None = None,
    tenants: Iterable[str] = (),
) -> tuple[str, ...]:
    """Make or update streams and consumers; a sentence for each change, none if all was in place.

    Each of `tenants` has a copy of its runs, and an executor that hears it; without them there is
    one executor of all, which hears the log.

    Raises:
        UnknownDurability: `durability` is not a key of `REPLICAS`.
        StreamIncompatible: something in place cannot become what is wanted.
    """
    if durability not in REPLICAS:
        raise UnknownDurability(durability)
    bounds, named = bounds or Bounds(), tuple(tenants)
    streams = stream_configs(REPLICAS[durability], bounds, named)
    consumers = consumer_configs(bounds, named)
    done = [await _ensure_stream(js, config) for config in streams]
    done += [await _ensure_consumer(js, stream, config) for stream, config in consumers]
    unheard = (*RETIRED_CONSUMERS, *(_of_all() if named else ()))
    done += [await _drop_consumer(js, stream, durable) for stream, durable in unheard]
    done += await _drop_copies(js, {copy_of(tenant) for tenant in named})
    return tuple(sentence for sentence in done if sentence)


def _of_all() -> tuple[tuple[str, str], ...]:
    """What nobody hears where tenants are named."""
    return tuple((RUNS, hearing.durable) for hearing in HEARINGS if hearing.service == EXECUTOR)


async def _drop_copies(js: JetStreamContext, kept: set[str]) -> list[str]:
    """Of tenants that are named no more: what is deleted of the log must not stay in a copy."""
    names = {info.config.name or "" for info in await js.streams_info()}
    gone = sorted({name for name in names if name.startswith(COPIES)} - kept)
    for name in gone:
        await js.delete_stream(name)
    return [f"dropped stream {name}: its tenant is named no more" for name in gone]


async def _ensure_stream(js: JetStreamContext, wanted: StreamConfig) -> str | None:
    assert wanted.name, "every stream of ours has a name"
    try:
        found = (await js.stream_info(wanted.name)).config
    except NotFoundError:
        await _place(js, wanted)
        return f"made stream {wanted.name}"
    if not (differences := differences_of(wanted, found)):
        return None
    try:
        await js.update_stream(wanted)
    except APIError as error:
        answer = error.description or str(error)
        raise StreamIncompatible(f"stream {wanted.name}", differences, answer) from error
    return f"updated stream {wanted.name}: {'; '.join(differences)}"


async def _place(js: JetStreamContext, wanted: StreamConfig) -> None:
    """Make a stream, with patience for nodes that are on their way to the others."""
    patient_until = time.monotonic() + PLACEMENT_PATIENCE_SECONDS
    while True:
        try:
            await js.add_stream(wanted)
        except APIError as error:
            if error.err_code != NO_PEERS or time.monotonic() > patient_until:
                raise
        else:
            return
        await asyncio.sleep(PLACEMENT_PAUSE_SECONDS)


async def _ensure_consumer(js: JetStreamContext, stream: str, wanted: ConsumerConfig) -> str | None:
    assert wanted.durable_name, "every consumer of ours is durable"
    what = f"consumer {stream}/{wanted.durable_name}"
    try:
        found = (await js.consumer_info(stream, wanted.durable_name)).config
    except NotFoundError:
        await js.add_consumer(stream, wanted)
        return f"made {what}"
    if not (differences := differences_of(wanted, plural(found))):
        return None
    try:
        await js.add_consumer(stream, wanted)
    except APIError as error:
        raise StreamIncompatible(what, differences, error.description or str(error)) from error
    return f"updated {what}: {'; '.join(differences)}"


async def _drop_consumer(js: JetStreamContext, stream: str, durable: str) -> str | None:
    """Nobody hears it any more, so that it would only grow behind."""
    try:
        await js.delete_consumer(stream, durable)
    except NotFoundError:
        return None
    return f"dropped consumer {stream}/{durable}: nobody hears it any more"
