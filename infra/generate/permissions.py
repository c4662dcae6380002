"""What each user of nats-server may publish and hear: no more than the table of facts asks for.

A refusal is no exception in a client: a publish times out and the text goes to its error callback.
Permissions alone do not authenticate a fact, since a server stores replies for whoever asks; the
signatures of starred facts do.
"""

from collections.abc import Iterable, Mapping

from contracts.audit import ErasureEnded
from contracts.hearings import HEARINGS
from contracts.subjects import (
    ADMISSION,
    ADMISSION_VALUE,
    AUDIT,
    AUDIT_DEED,
    AUDIT_SUBJECTS,
    CANARY_TALLY,
    CONSOLE,
    CONTENT,
    CONTENT_SUBJECT,
    CONTROL,
    CONTROL_SUBJECTS,
    DEAD,
    DEAD_NOTE,
    DEAD_SUBJECT,
    EVALUATOR,
    EXECUTOR,
    GUARDRAIL,
    KEY_SUBJECTS,
    KEYS,
    LIVE_PROGRESS,
    LIVE_TOKENS,
    OBSERVER,
    ORCHESTRATOR,
    PRODUCER,
    RELEASE,
    RELEASE_SUBJECTS,
    RELEASES,
    ROUTER,
    RUNS,
    SERVICES,
    STRAY_BLOCKED,
    STRAY_SUBMISSION,
    STREAMS,
    TIMER_CRON,
    TIMER_DURABLE,
    TIMER_SET,
    TIMERS,
)

from .grants import below, consumes, counts_crashes, reads, said_by, wild
from .tenants import beside_for, tenant_users
from .users import User, block, inbox

INFRA = "infra"
USERS = (*SERVICES, INFRA, PRODUCER)


def users(tenants: Iterable[str] = ()) -> tuple[User, ...]:
    """Every user. Where tenants are named, each has its own, and none produces or executes for all.

    Raises:
        ValueError: a tenant is no token of a subject.
    """
    named = tuple(tenants)
    services = (name for name in SERVICES if not (named and name == EXECUTOR))
    of_tenants = tenant_users(named) or (_producer(),)
    return (*(_service(name, named) for name in services), _infra(), *of_tenants)


def permissions_conf(public_nkeys: Mapping[str, str], tenants: Iterable[str] = ()) -> str:
    """The `authorization` block of nats-server for these public keys, by user.

    A key that begins with `$` is left to nats-server, which reads it from its environment.

    Raises:
        ValueError: a user has no key, or a tenant is no token of a subject.
    """
    wanted = users(tenants)
    missing = [user.name for user in wanted if user.name not in public_nkeys]
    if missing:
        raise ValueError(f"no public nkey for {', '.join(missing)}: every user needs one")
    blocks = "".join(block(user, public_nkeys[user.name]) for user in wanted)
    return f"authorization {{\n  users: [\n{blocks}  ]\n}}\n"


def placeholders() -> dict[str, str]:
    """For the checked-in file: each key comes from a variable such as `$NKEY_COST_LEDGER`."""
    return {name: f"$NKEY_{name.upper()}" for name in USERS}


def _service(name: str, tenants: tuple[str, ...]) -> User:
    consumed = (hearing.durable for hearing in HEARINGS if hearing.service == name)
    publish = (
        *said_by(name),
        *(subject for durable in consumed for subject in consumes(RUNS, durable)),
        *reads(RUNS),
        *reads(CONTENT),
        wild(CONTENT_SUBJECT),
        wild(DEAD_SUBJECT.replace("{service}", name)),
        *counts_crashes(name),
        *_BESIDE.get(name, ()),
        *beside_for(name, tenants),
    )
    return User(name, publish, (inbox(name), *_LISTENS.get(name, ())))


def _infra() -> User:
    """Makes streams and consumers; no service and no person works under it."""
    return User(INFRA, (">",), (">",))


def _producer() -> User:
    """Of every tenant: for one person on one machine."""
    publish = (*said_by(PRODUCER), STRAY_SUBMISSION)  # so that a dot in an id is answered
    return User(PRODUCER, publish, (inbox(PRODUCER), "run.>"))


# What a service publishes that is no fact of a run.
_BESIDE: dict[str, tuple[str, ...]] = {
    GUARDRAIL: (STRAY_BLOCKED, *reads(CONTROL), *reads(RELEASES)),
    ROUTER: (wild(LIVE_TOKENS), *reads(CONTROL)),
    ORCHESTRATOR: (
        below(TIMER_SET),
        f"$JS.API.STREAM.PURGE.{TIMERS}",
        *consumes(TIMERS, TIMER_DURABLE),
        # Every open run has a timer: so it finds those that an order is about.
        *reads(TIMERS),
        *reads(CONTROL),
        wild(TIMER_CRON),
        wild(ADMISSION_VALUE),
        *reads(ADMISSION),
        *reads(RELEASES),
    ),
    EXECUTOR: (wild(LIVE_PROGRESS), *reads(CONTROL)),
    # It takes a canary away that does worse, and keeps count of how canaries do.
    EVALUATOR: (
        wild(RELEASE.replace("{label}", "canary")),
        wild(CANARY_TALLY),
        *reads(RELEASES),
    ),
    # How far everybody is, how full everything, and what is stopped. It alone takes facts out of
    # the log, of runs that are archived or deleted; the engine has no such permission for a part
    # of a stream. What became of an order to do so, it signs.
    OBSERVER: (
        f"$JS.API.STREAM.PURGE.{RUNS}",
        f"$JS.API.STREAM.PURGE.{CONTENT}",
        f"$JS.API.CONSUMER.INFO.{RUNS}.*",
        *(f"$JS.API.STREAM.INFO.{stream}" for stream in STREAMS),
        *reads(CONTROL),
        AUDIT_DEED.format(deed=ErasureEnded.name),
    ),
    # People list and open dead letters in the console, and note what they decided about them.
    # Orders are theirs alone to give, and so are releases and keys; what they do is noted. It
    # tells how late lists are.
    CONSOLE: (
        *reads(DEAD),
        wild(DEAD_NOTE),
        CONTROL_SUBJECTS,
        *reads(CONTROL),
        RELEASE_SUBJECTS,
        *reads(RELEASES),
        KEY_SUBJECTS,
        *reads(KEYS),
        AUDIT_SUBJECTS,
        *reads(AUDIT),
        f"$JS.API.CONSUMER.INFO.{RUNS}.{OBSERVER}",
    ),
}

# What a service hears outside of its consumers.
_LISTENS: dict[str, tuple[str, ...]] = {
    # A bell for those who follow a run; what it rings at is read from the log.
    # And of keys, so that one that was revoked opens nothing.
    CONSOLE: (below(LIVE_TOKENS), "run.>", KEY_SUBJECTS),
    GUARDRAIL: (CONTROL_SUBJECTS, RELEASE_SUBJECTS),
    EVALUATOR: (RELEASE_SUBJECTS,),
    ORCHESTRATOR: (CONTROL_SUBJECTS, RELEASE_SUBJECTS),
    ROUTER: (CONTROL_SUBJECTS,),
    EXECUTOR: (CONTROL_SUBJECTS,),
}
