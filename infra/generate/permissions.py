"""What each user of nats-server may publish and hear: no more than the table of facts asks for.

A refusal is no exception in a client: a publish times out and the text goes to its error callback.
Permissions alone do not authenticate a fact, since a server stores replies for whoever asks; the
signatures of starred facts do.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from contracts.subjects import (
    CONSOLE,
    DEAD,
    DEAD_SUBJECT,
    FACTS,
    GUARDRAIL,
    HEARINGS,
    LIVE_TOKENS,
    ORCHESTRATOR,
    PRODUCER,
    ROUTER,
    RUNS,
    SERVICES,
    STRAY_BLOCKED,
    TIMER_DURABLE,
    TIMER_SET,
    TIMERS,
    filter_of,
)

INFRA = "infra"
USERS = (*SERVICES, INFRA, PRODUCER)
_PLACEHOLDER = re.compile(r"\{[a-z_]+\}")


@dataclass(frozen=True, slots=True)
class User:
    """One user and the subjects it may publish on and subscribe to."""

    name: str
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def users() -> tuple[User, ...]:
    """Every user, in the order of `USERS`."""
    return (*(_service(name) for name in SERVICES), _infra(), _producer())


def permissions_conf(public_nkeys: Mapping[str, str]) -> str:
    """The `authorization` block of nats-server for these public keys, by user.

    A key that begins with `$` is left to nats-server, which reads it from its environment.

    Raises:
        ValueError: a user has no key.
    """
    missing = [name for name in USERS if name not in public_nkeys]
    if missing:
        raise ValueError(f"no public nkey for {', '.join(missing)}: every user needs one")
    blocks = "".join(_block(user, public_nkeys[user.name]) for user in users())
    return f"authorization {{\n  users: [\n{blocks}  ]\n}}\n"


def placeholders() -> dict[str, str]:
    """For the checked-in file: each key comes from a variable such as `$NKEY_COST_LEDGER`."""
    return {name: f"$NKEY_{name.upper()}" for name in USERS}


def inbox(user: str) -> str:
    """Where this user hears replies: its own prefix, so that nobody reads another's."""
    return f"_INBOX_{user}.>"


def _service(name: str) -> User:
    publish = [*_said_by(name), _wild(DEAD_SUBJECT.replace("{service}", name))]
    for hearing in HEARINGS:
        if hearing.service == name:
            publish += _consumes(RUNS, hearing.durable)
    publish += _reads(RUNS)
    match name:
        case "guardrail_checker":
            publish.append(STRAY_BLOCKED)
        case "model_router":
            publish.append(_wild(LIVE_TOKENS))
        case "orchestrator":
            publish += [
                TIMER_SET.split("{", maxsplit=1)[0] + ">",
                f"$JS.API.STREAM.PURGE.{TIMERS}",
                *_consumes(TIMERS, TIMER_DURABLE),
            ]
        case "console":
            # People list, open and discard dead letters there.
            publish += [*_reads(DEAD), f"$JS.API.STREAM.MSG.DELETE.{DEAD}"]
    hears = ("live.>",) if name == CONSOLE else ()
    return User(name, tuple(publish), (inbox(name), *hears))
