"""The three streams and every durable consumer, made from the table of subjects.

Only the user `infra` may do this; services find what they need in place. Doing it again changes
nothing. What an older release made is updated, if the server can; if it cannot, a person decides.

StreamsError             says which stream or consumer, what differs, and what to do
├── UnknownDurability    a mode that does not exist: a mistake in the settings
└── StreamIncompatible   what is there can never become what is wanted: ask a person
"""

from dataclasses import dataclass

from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import APIError, NotFoundError

from contracts.subjects import (
    DEAD,
    DEAD_SUBJECT,
    HEARINGS,
    RUNS,
    TIMER_DURABLE,
    TIMER_FIRED,
    TIMERS,
    Hearing,
    stream_subjects,
)

MEBIBYTE = 1024 * 1024
# A longer window would keep more ids in the server's memory; correctness never depends on it.
DUPLICATE_WINDOW_SECONDS = 120.0
DEAD_LETTERS_SECONDS = 30 * 86400.0
UNLIMITED = -1
REPLICAS = {"fast": 1, "durable": 1, "replicated": 3}


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much the engine keeps and hands out.

    `ack_wait_seconds` is how soon another replica takes over from one that fell silent; a live
    one sends heartbeats well before. `in_flight` is for all replicas of a service together.
    """

    runs_bytes: int = 1024 * MEBIBYTE
    timers_bytes: int = 256 * MEBIBYTE
    dead_bytes: int = 64 * MEBIBYTE
    ack_wait_seconds: float = 2.0
    in_flight: int = 1000


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
    js: JetStreamContext, durability: str = "fast", bounds: Bounds | None = None
) -> tuple[str, ...]:
    """Make or update streams and consumers; a sentence for each change, none if all was in place.

    Raises:
        UnknownDurability: `durability` is not a key of `REPLICAS`.
        StreamIncompatible: something in place cannot become what is wanted.
    """
    if durability not in REPLICAS:
        raise UnknownDurability(durability)
    bounds = bounds or Bounds()
    done = [
        await _ensure_stream(js, config) for config in stream_configs(REPLICAS[durability], bounds)
    ]
    done += [
        await _ensure_consumer(js, stream, config) for stream, config in consumer_configs(bounds)
    ]
    return tuple(sentence for sentence in done if sentence)


def stream_configs(replicas: int, bounds: Bounds) -> tuple[StreamConfig, ...]:
    """What the three streams should be."""
    return (_runs(replicas, bounds), _timers(replicas, bounds), _dead(replicas, bounds))


def consumer_configs(bounds: Bounds) -> tuple[tuple[str, ConsumerConfig], ...]:
    """Every durable consumer, with the stream that it hears."""
    timers = Hearing(TIMER_DURABLE, TIMER_DURABLE, (), None)
    fired = (TIMER_FIRED.format(tenant="*", run_id="*"),)
    return (
        *((RUNS, _consumer(hearing, hearing.filters, bounds)) for hearing in HEARINGS),
        (TIMERS, _consumer(timers, fired, bounds)),
    )


def _runs(replicas: int, bounds: Bounds) -> StreamConfig:
    """History: nothing leaves it by itself, and nothing in it is ever replaced.

    Schedules, TTL and rollup headers are off: with them a producer could forge facts, or wipe all.
    """
    return StreamConfig(
        name=RUNS,
        description="Every fact of every run.",
        subjects=list(stream_subjects()),
        retention=RetentionPolicy.LIMITS,
        discard=DiscardPolicy.NEW,
        storage=StorageType.FILE,
        max_bytes=bounds.runs_bytes,
        max_age=0,
        num_replicas=replicas,
        duplicate_window=DUPLICATE_WINDOW_SECONDS,
        deny_delete=True,
        allow_direct=True,
        allow_rollup_hdrs=False,
        allow_msg_ttl=False,
        allow_msg_schedules=False,
    )


def _timers(replicas: int, bounds: Bounds) -> StreamConfig:
    """Schedules, where only the orchestrator publishes. A fired one deletes itself.

    Wherever there are schedules, the engine turns rollup headers on and cannot discard new ones.
    A flood would therefore drop the oldest; the orchestrator's sweeper looks at such runs anyway.
    """
    return StreamConfig(
        name=TIMERS,
        description="When to look at a run again; never history.",
        subjects=["timer.>"],
        retention=RetentionPolicy.LIMITS,
        discard=DiscardPolicy.OLD,
        storage=StorageType.FILE,
        max_bytes=bounds.timers_bytes,
        max_age=0,
        num_replicas=replicas,
        duplicate_window=DUPLICATE_WINDOW_SECONDS,
        allow_direct=True,
        allow_rollup_hdrs=True,
        allow_msg_ttl=True,
        allow_msg_schedules=True,
    )


def _dead(replicas: int, bounds: Bounds) -> StreamConfig:
    """Messages that could not be used. The oldest go first: a flood must not hide the newest."""
    return StreamConfig(
        name=DEAD,
        description="Messages that could not be used, with the reason.",
        subjects=[DEAD_SUBJECT.split(".", maxsplit=1)[0] + ".>"],
        retention=RetentionPolicy.LIMITS,
        discard=DiscardPolicy.OLD,
        storage=StorageType.FILE,
        max_bytes=bounds.dead_bytes,
        max_age=DEAD_LETTERS_SECONDS,
        num_replicas=replicas,
        duplicate_window=DUPLICATE_WINDOW_SECONDS,
        allow_direct=True,
        allow_rollup_hdrs=False,
        allow_msg_ttl=False,
        allow_msg_schedules=False,
    )


def _consumer(hearing: Hearing, filters: tuple[str, ...], bounds: Bounds) -> ConsumerConfig:
    return ConsumerConfig(
        durable_name=hearing.durable,
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.EXPLICIT,
        # No `backoff`: it would replace `ack_wait`, and a nak does not honour it.
        ack_wait=bounds.ack_wait_seconds,
        max_deliver=hearing.deliveries or UNLIMITED,
        max_ack_pending=bounds.in_flight,
        filter_subjects=list(filters),
    )


async def _ensure_stream(js: JetStreamContext, wanted: StreamConfig) -> str | None:
    assert wanted.name, "every stream of ours has a name"
    try:
        found = (await js.stream_info(wanted.name)).config
    except NotFoundError:
        await js.add_stream(wanted)
        return f"made stream {wanted.name}"
    if not (differences := _differences(wanted, found)):
        return None
    try:
        await js.update_stream(wanted)
    except APIError as error:
        answer = error.description or str(error)
        raise StreamIncompatible(f"stream {wanted.name}", differences, answer) from error
    return f"updated stream {wanted.name}: {'; '.join(differences)}"


async def _ensure_consumer(js: JetStreamContext, stream: str, wanted: ConsumerConfig) -> str | None:
    assert wanted.durable_name, "every consumer of ours is durable"
    what = f"consumer {stream}/{wanted.durable_name}"
    try:
        found = (await js.consumer_info(stream, wanted.durable_name)).config
    except NotFoundError:
        await js.add_consumer(stream, wanted)
        return f"made {what}"
    if not (differences := _differences(wanted, _plural(found))):
        return None
    try:
        await js.add_consumer(stream, wanted)
    except APIError as error:
        raise StreamIncompatible(what, differences, error.description or str(error)) from error
    return f"updated {what}: {'; '.join(differences)}"


def _plural(found: ConsumerConfig) -> ConsumerConfig:
    """The server reports a single filter under its older name."""
    if found.filter_subject and not found.filter_subjects:
        return found.evolve(filter_subject=None, filter_subjects=[found.filter_subject])
    return found


def _differences(
    wanted: StreamConfig | ConsumerConfig, found: StreamConfig | ConsumerConfig
) -> tuple[str, ...]:
    """What is wanted and not found. Settings that we say nothing about are the server's own."""
    there = found.as_dict()
    return tuple(
        f"{name} is {there.get(name)!r}, wanted {value!r}"
        for name, value in wanted.as_dict().items()
        # The server leaves out what is off.
        if (there.get(name) or None) != (value or None)
    )
