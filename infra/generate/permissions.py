"""What each user of nats-server may publish and hear: no more than the table of facts asks for.

A refusal is no exception in a client: a publish times out and the text goes to its error callback.
Permissions alone do not authenticate a fact, since a server stores replies for whoever asks; the
signatures of starred facts do.
"""

import re
from collections.abc import Iterable, Mapping

from contracts.hearings import HEARINGS
from contracts.subjects import (
    ADMISSION,
    ADMISSION_VALUE,
    AUDIT,
    AUDIT_SUBJECTS,
    CANARY_TALLY,
    CONSOLE,
    CONTENT,
    CONTENT_SUBJECT,
    CONTROL,
    CONTROL_SUBJECTS,
    CRASH_SUBJECT,
    CRASHES,
    DEAD,
    DEAD_NOTE,
    DEAD_SUBJECT,
    EVALUATOR,
    EXECUTOR,
    FACTS,
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
    filter_of,
)

from .tenants import tenant_users
from .users import User, block, inbox

INFRA = "infra"
USERS = (*SERVICES, INFRA, PRODUCER)
_PLACEHOLDER = re.compile(r"\{[a-z0-9_]+\}")


def users(tenants: Iterable[str] = ()) -> tuple[User, ...]:
    """Every user. Where tenants are named, each has its own, and none is a producer of all.

    Raises:
        ValueError: a tenant is no token of a subject.
    """
    of_tenants = tenant_users(tenants)
    return (*(_service(name) for name in SERVICES), _infra(), *(of_tenants or (_producer(),)))


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


def _service(name: str) -> User:
    consumed = (hearing.durable for hearing in HEARINGS if hearing.service == name)
    publish = (
        *_said_by(name),
        *(subject for durable in consumed for subject in _consumes(RUNS, durable)),
        *_reads(RUNS),
        *_reads(CONTENT),
        _wild(CONTENT_SUBJECT),
        _wild(DEAD_SUBJECT.replace("{service}", name)),
        *_counts_crashes(name),
        *_BESIDE.get(name, ()),
    )
    return User(name, publish, (inbox(name), *_LISTENS.get(name, ())))


def _infra() -> User:
    """Makes streams and consumers; no service and no person works under it."""
    return User(INFRA, (">",), (">",))


def _producer() -> User:
    """Of every tenant: for one person on one machine."""
    publish = (*_said_by(PRODUCER), STRAY_SUBMISSION)  # so that a dot in an id is answered
    return User(PRODUCER, publish, (inbox(PRODUCER), "run.>"))


def _said_by(name: str) -> tuple[str, ...]:
    return tuple(filter_of(kind.type) for kind in FACTS if name in (kind.owner, *kind.also))


def _reads(stream: str) -> tuple[str, ...]:
    """Direct get from any replica, and the leader's own copy for who must not read a stale one."""
    direct = f"$JS.API.DIRECT.GET.{stream}"
    return (direct, f"{direct}.>", f"$JS.API.STREAM.MSG.GET.{stream}")


def _consumes(stream: str, durable: str) -> tuple[str, ...]:
    """Pull, look at, and acknowledge one consumer; the second form of ack names an account."""
    return (
        f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}",
        f"$JS.API.CONSUMER.INFO.{stream}.{durable}",
        f"$JS.ACK.{stream}.{durable}.>",
        f"$JS.ACK.*.*.{stream}.{durable}.>",
    )


def _counts_crashes(name: str) -> tuple[str, ...]:
    """Its own counts, and nobody else's: who sets one back keeps a poison message alive."""
    own = _wild(CRASH_SUBJECT.replace("{service}", name))
    return (own, f"$JS.API.DIRECT.GET.{CRASHES}.{own}")


def _wild(template: str) -> str:
    return _PLACEHOLDER.sub("*", template)


def _below(template: str) -> str:
    """Everything that begins like the template."""
    return template.split("{", maxsplit=1)[0] + ">"


# What a service publishes that is no fact of a run.
_BESIDE: dict[str, tuple[str, ...]] = {
    GUARDRAIL: (STRAY_BLOCKED, *_reads(RELEASES)),
    ROUTER: (_wild(LIVE_TOKENS), *_reads(CONTROL)),
    ORCHESTRATOR: (
        _below(TIMER_SET),
        f"$JS.API.STREAM.PURGE.{TIMERS}",
        *_consumes(TIMERS, TIMER_DURABLE),
        # Every open run has a timer: so it finds those that an order is about.
        *_reads(TIMERS),
        *_reads(CONTROL),
        _wild(TIMER_CRON),
        _wild(ADMISSION_VALUE),
        *_reads(ADMISSION),
        *_reads(RELEASES),
    ),
    EXECUTOR: (_wild(LIVE_PROGRESS), *_reads(CONTROL)),
    # It takes a canary away that does worse, and keeps count of how canaries do.
    EVALUATOR: (
        _wild(RELEASE.replace("{label}", "canary")),
        _wild(CANARY_TALLY),
        *_reads(RELEASES),
    ),
    # How far everybody is, how full everything, and what is stopped. It alone takes facts out of
    # the log, of runs that are archived or deleted; the engine has no such permission for a part
    # of a stream.
    OBSERVER: (
        f"$JS.API.STREAM.PURGE.{RUNS}",
        f"$JS.API.STREAM.PURGE.{CONTENT}",
        f"$JS.API.CONSUMER.INFO.{RUNS}.*",
        *(f"$JS.API.STREAM.INFO.{stream}" for stream in STREAMS),
        *_reads(CONTROL),
    ),
    # People list and open dead letters in the console, and note what they decided about them.
    # Orders are theirs alone to give, and so are releases and keys; what they do is noted. It
    # tells how late lists are.
    CONSOLE: (
        *_reads(DEAD),
        _wild(DEAD_NOTE),
        CONTROL_SUBJECTS,
        *_reads(CONTROL),
        RELEASE_SUBJECTS,
        *_reads(RELEASES),
        KEY_SUBJECTS,
        *_reads(KEYS),
        AUDIT_SUBJECTS,
        *_reads(AUDIT),
        f"$JS.API.CONSUMER.INFO.{RUNS}.{OBSERVER}",
    ),
}

# What a service hears outside of its consumers.
_LISTENS: dict[str, tuple[str, ...]] = {
    # A bell for those who follow a run; what it rings at is read from the log.
    # And of keys, so that one that was revoked opens nothing.
    CONSOLE: (_below(LIVE_TOKENS), "run.>", KEY_SUBJECTS),
    GUARDRAIL: (RELEASE_SUBJECTS,),
    EVALUATOR: (RELEASE_SUBJECTS,),
    ORCHESTRATOR: (CONTROL_SUBJECTS, RELEASE_SUBJECTS),
    ROUTER: (CONTROL_SUBJECTS,),
    EXECUTOR: (CONTROL_SUBJECTS,),
}
