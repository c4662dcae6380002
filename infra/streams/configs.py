"""What the streams and consumers should be."""

from collections.abc import Iterable
from dataclasses import dataclass

from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
    StreamSource,
)

from contracts.hearings import Hearing
from contracts.subjects import (
    ADMISSION,
    ADMISSION_VALUE,
    AUDIT,
    AUDIT_SUBJECTS,
    CANARY_TALLY,
    CONTENT,
    CONTENT_SUBJECT,
    CONTROL,
    CONTROL_SUBJECTS,
    CRASH_SUBJECT,
    CRASHES,
    DEAD,
    DEAD_SUBJECT,
    KEY_SUBJECTS,
    KEYS,
    RELEASE_SUBJECTS,
    RELEASES,
    RUNS,
    TIMER_DUE,
    TIMER_DURABLE,
    TIMER_FIRED,
    TIMERS,
    stream_subjects,
)
from contracts.tenancy import copy_of, hearings_of

MEBIBYTE = 1024 * 1024
# A longer window would keep more ids in the server's memory; correctness never depends on it.
DUPLICATE_WINDOW_SECONDS = 120.0
DEAD_LETTERS_SECONDS = 30 * 86400.0
# Longer than any handling takes: a count is renewed at the beginning of each.
CRASHES_SECONDS = 3600.0
ORDERS_KEPT = 100  # for each scope; the last is in force, the others tell who did what
RELEASES_KEPT = 50  # for each label of an agent; one of them may be put back
UNLIMITED = -1
# What the log took twice, so long after, a copy takes too; who folds it drops the second.
COPY_DUPLICATE_WINDOW_SECONDS = 0.1
# Of older releases: what they had heard is in the log, and is heard again by who took over.
RETIRED_CONSUMERS = ((RUNS, "console"),)
REPLICAS = {"fast": 1, "durable": 1, "replicated": 3}


UNAWAITED = 10  # times longer until another replica takes over


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much the engine keeps and hands out.

    `ack_wait_seconds` is how soon another replica takes over from one that fell silent; a live
    one sends heartbeats well before. `in_flight` is for all replicas of a service together.
    """

    runs_bytes: int = 1024 * MEBIBYTE
    content_bytes: int = 1024 * MEBIBYTE
    control_bytes: int = 16 * MEBIBYTE
    releases_bytes: int = 256 * MEBIBYTE
    keys_bytes: int = 16 * MEBIBYTE
    audit_bytes: int = 256 * MEBIBYTE
    admission_bytes: int = 16 * MEBIBYTE
    timers_bytes: int = 256 * MEBIBYTE
    dead_bytes: int = 64 * MEBIBYTE
    crashes_bytes: int = 16 * MEBIBYTE
    ack_wait_seconds: float = 1.2
    in_flight: int = 1000


def stream_configs(
    replicas: int, bounds: Bounds, tenants: Iterable[str] = ()
) -> tuple[StreamConfig, ...]:
    """What the streams should be; the log comes before the copies of it."""
    found = (_runs(bounds), _content(bounds), _control(bounds), _timers(bounds), _dead(bounds))
    access = (_keys(bounds), _audit(bounds))
    beside = (_releases(bounds), *access, _admission(bounds), _crashes(bounds))
    copies = (_copy(tenant) for tenant in tenants)
    return tuple(config.evolve(num_replicas=replicas) for config in (*found, *beside, *copies))


def consumer_configs(
    bounds: Bounds, tenants: Iterable[str] = ()
) -> tuple[tuple[str, ConsumerConfig], ...]:
    """Every durable consumer, with the stream that it hears."""
    timers = Hearing(TIMER_DURABLE, TIMER_DURABLE, (), None)
    fired = (TIMER_FIRED.format(tenant="*", run_id="*"), TIMER_DUE.format(name="*"))
    return (
        *(
            (stream, _consumer(hearing, hearing.filters, bounds))
            for stream, hearing in hearings_of(tenants)
        ),
        (TIMERS, _consumer(timers, fired, bounds)),
    )


def _lasting(name: str, description: str, subjects: list[str], max_bytes: int) -> StreamConfig:
    """Nothing leaves it by itself, and nothing in it is ever replaced.

    Schedules, TTL and rollup headers are off: with them a publisher could wipe what others said.
    """
    return StreamConfig(
        name=name,
        description=description,
        subjects=subjects,
        retention=RetentionPolicy.LIMITS,
        discard=DiscardPolicy.NEW,
        storage=StorageType.FILE,
        max_bytes=max_bytes,
        max_age=0,
        duplicate_window=DUPLICATE_WINDOW_SECONDS,
        deny_delete=True,
        allow_direct=True,
        allow_rollup_hdrs=False,
        allow_msg_ttl=False,
        allow_msg_schedules=False,
    )


def _runs(bounds: Bounds) -> StreamConfig:
    subjects = list(stream_subjects())
    return _lasting(RUNS, "Every fact of every run.", subjects, bounds.runs_bytes)


def _copy(tenant: str) -> StreamConfig:
    """A source and no mirror: a filtered mirror would answer for the whole log (ADR 0027).

    It holds no more than the log, which has a limit.
    """
    description = f"The runs of {tenant}, for its executor."
    lasting = _lasting(copy_of(tenant), description, [], UNLIMITED)
    source = StreamSource(name=RUNS, filter_subject=f"run.{tenant}.>")
    return lasting.evolve(
        subjects=None, sources=[source], duplicate_window=COPY_DUPLICATE_WINDOW_SECONDS
    )


def _content(bounds: Bounds) -> StreamConfig:
    """As lasting as the facts that name it, and as fixed: what lies in a place, stays."""
    description = "Bodies of facts that are too large for a message, under their digests."
    lasting = _lasting(CONTENT, description, [_below(CONTENT_SUBJECT)], bounds.content_bytes)
    return lasting.evolve(max_msgs_per_subject=1, discard_new_per_subject=True)


def _control(bounds: Bounds) -> StreamConfig:
    """The last order for each scope is in force, so its oldest may go.

    A full stream refuses a new one aloud: making room would lift a stop that nobody lifted.
    """
    description = "Orders to pause, resume and stop what runs."
    lasting = _lasting(CONTROL, description, [CONTROL_SUBJECTS], bounds.control_bytes)
    return lasting.evolve(max_msgs_per_subject=ORDERS_KEPT, deny_purge=True)


def _releases(bounds: Bounds) -> StreamConfig:
    """Each holds a whole agent, so they lie apart: they could not crowd out an order to stop."""
    description = "What the labels of agents stand for, and how canaries do."
    subjects = [RELEASE_SUBJECTS, _below(CANARY_TALLY)]
    lasting = _lasting(RELEASES, description, subjects, bounds.releases_bytes)
    return lasting.evolve(max_msgs_per_subject=RELEASES_KEPT, deny_purge=True)


def _keys(bounds: Bounds) -> StreamConfig:
    """Apart from what people do, so that nothing they do could keep a key from being revoked.

    Each is written once: a second one could give it another role.
    """
    description = "API keys: digests of who may come in by HTTP, and which were revoked."
    lasting = _lasting(KEYS, description, [KEY_SUBJECTS], bounds.keys_bytes)
    return lasting.evolve(max_msgs_per_subject=1, discard_new_per_subject=True, deny_purge=True)


def _audit(bounds: Bounds) -> StreamConfig:
    """A full one refuses what it could not tell of: nobody makes room in it by doing more."""
    description = "What people did by HTTP that no other stream tells."
    return _lasting(AUDIT, description, [AUDIT_SUBJECTS], bounds.audit_bytes).evolve(
        deny_purge=True
    )


def _admission(bounds: Bounds) -> StreamConfig:
    """Values that replicas of the orchestrator share: the last message of each subject is it."""
    description = "Who may start when: open and waiting runs, and shares of tenants."
    subjects = [_below(ADMISSION_VALUE)]
    return _lasting(ADMISSION, description, subjects, bounds.admission_bytes).evolve(
        discard=DiscardPolicy.OLD, max_msgs_per_subject=1
    )


def _timers(bounds: Bounds) -> StreamConfig:
    """Schedules, where only the orchestrator publishes. A fired one deletes itself.

    Wherever there are schedules, the engine turns rollup headers on and cannot discard new ones.
    A flood would therefore drop the oldest; the orchestrator's sweeper looks at such runs anyway.
    """
    description = "When to look at a run again; never history."
    return _lasting(TIMERS, description, ["timer.>"], bounds.timers_bytes).evolve(
        discard=DiscardPolicy.OLD,
        deny_delete=None,
        allow_rollup_hdrs=True,
        allow_msg_ttl=True,
        allow_msg_schedules=True,
    )


def _dead(bounds: Bounds) -> StreamConfig:
    """The oldest go first: a flood must not hide the newest."""
    description = "Messages that could not be used, with the reason."
    return _lasting(DEAD, description, [_below(DEAD_SUBJECT)], bounds.dead_bytes).evolve(
        discard=DiscardPolicy.OLD, deny_delete=None, max_age=DEAD_LETTERS_SECONDS
    )


def _crashes(bounds: Bounds) -> StreamConfig:
    """One number a message. On disk: with a restart of the server a stream in memory is gone."""
    description = "How often a message ended its worker."
    return _lasting(CRASHES, description, [_below(CRASH_SUBJECT)], bounds.crashes_bytes).evolve(
        discard=DiscardPolicy.OLD,
        deny_delete=None,
        max_age=CRASHES_SECONDS,
        max_msgs_per_subject=1,
    )


def _consumer(hearing: Hearing, filters: tuple[str, ...], bounds: Bounds) -> ConsumerConfig:
    return ConsumerConfig(
        durable_name=hearing.durable,
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.EXPLICIT,
        # No `backoff`: it would replace `ack_wait`, and a nak does not honour it.
        ack_wait=bounds.ack_wait_seconds * (1 if hearing.is_awaited else UNAWAITED),
        max_deliver=hearing.deliveries or UNLIMITED,
        max_ack_pending=bounds.in_flight,
        filter_subjects=list(filters),
    )


def _below(template: str) -> str:
    """Everything that begins like the template."""
    return template.split(".", maxsplit=1)[0] + ".>"
