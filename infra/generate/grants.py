"""Subjects that go together: what somebody is granted who says, reads, hears or counts."""

import re

from contracts.subjects import CRASH_SUBJECT, CRASHES, FACTS, filter_of

_PLACEHOLDER = re.compile(r"\{[a-z0-9_]+\}")


def said_by(name: str) -> tuple[str, ...]:
    """The facts that a service may say, of every run."""
    return tuple(filter_of(kind.type) for kind in FACTS if name in (kind.owner, *kind.also))


def reads(stream: str) -> tuple[str, ...]:
    """Direct get from any replica, and the leader's own copy for who must not read a stale one."""
    direct = f"$JS.API.DIRECT.GET.{stream}"
    return (direct, f"{direct}.>", f"$JS.API.STREAM.MSG.GET.{stream}")


def consumes(stream: str, durable: str) -> tuple[str, ...]:
    """Pull, look at, and acknowledge one consumer; the second form of ack names an account."""
    return (
        f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}",
        f"$JS.API.CONSUMER.INFO.{stream}.{durable}",
        f"$JS.ACK.{stream}.{durable}.>",
        f"$JS.ACK.*.*.{stream}.{durable}.>",
    )


def counts_crashes(service: str, durable: str = "*") -> tuple[str, ...]:
    """Its own counts, and nobody else's: who sets one back keeps a poison message alive."""
    place = CRASH_SUBJECT.replace("{service}", service).replace("{durable}", durable)
    own = wild(place)
    return (own, f"$JS.API.DIRECT.GET.{CRASHES}.{own}")


def wild(template: str) -> str:
    """The template with a wildcard in each place."""
    return _PLACEHOLDER.sub("*", template)


def below(template: str) -> str:
    """Everything that begins like the template."""
    return template.split("{", maxsplit=1)[0] + ">"
