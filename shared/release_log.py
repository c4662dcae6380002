"""Releases as they lie on the stream `RELEASES`: signed, believed, and read in log order.

The last believable one on a subject is in force. Where one cannot be believed nothing changes: the
agents of the configuration are there in any case.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

import structlog
from nats.aio.client import Client
from nats.js.client import JetStreamContext

from contracts.envelope import Encoded, Signer, Stored, Unbelievable, Verifier
from contracts.release import ASKED, AgentReleased, ReleaseAsked
from contracts.subjects import CONSOLE, EVALUATOR, RELEASE, RELEASE_SUBJECTS, RELEASES
from shared.connection import inbox_prefix
from shared.direct import DirectReader
from shared.errors import ConfigError, LogRefused, Stale
from shared.metrics import UNBELIEVABLE
from shared.release_book import Either, ReleaseBook
from shared.settings import ServiceSettings
from shared.signed_orders import OrderKind
from shared.signing import load_signer
from shared.storing import EXPECTED, EXPECTED_SUBJECT, WRONG_LAST_SEQUENCE, store

log = structlog.get_logger()

RELEASED = OrderKind("agent.released", AgentReleased, "release")
REQUESTED = OrderKind("agent.release_asked", ReleaseAsked, "request")


def believe_release(message: Stored, verifier: Verifier) -> Either:
    """The release, or the request for one, that a message is.

    People's come from the console. The evaluator may take a canary away, and nothing else.

    Raises:
        Unbelievable: it is none, or not by who may say it.
    """
    if message.subject.endswith(f".{ASKED}"):
        return REQUESTED.believe(message, verifier, (CONSOLE,))
    told = RELEASED.read(message)
    ends_a_canary = told.label == "canary" and told.definition is None
    owners = (CONSOLE, EVALUATOR) if ends_a_canary else (CONSOLE,)
    return RELEASED.believe(message, verifier, owners)


@dataclass(kw_only=True)
class ReleaseHeads(ReleaseBook):
    """The book of the stream, from messages in log order."""

    verifier: Verifier
    last_sequence: int = 0

    def take(self, messages: Iterable[Stored]) -> tuple[AgentReleased, ...]:
        """Take what came after the last message; the labels that stand for something else now."""
        before = dict(self.by_subject)
        for message in messages:
            if message.sequence <= self.last_sequence:
                continue
            self.last_sequence = message.sequence
            # What is not believed still counts for the server.
            self.sequences[message.subject.split(".")[1]] = message.sequence
            try:
                self.keep(believe_release(message, self.verifier))
            except Unbelievable as error:
                UNBELIEVABLE.labels(error.rule).inc()
                log.warning("releases.unbelievable", subject=message.subject, rule=error.rule)
        return tuple(one for name, one in self.by_subject.items() if one != before.get(name))


class ReleaseDesk(Protocol):
    """Where releases are made and looked up."""

    async def give(self, told: Either, last: int | None = None) -> int:
        """Put it into force; the sequence under which it lies.

        With `last`, only while nothing was said of the agent after that sequence.

        Raises:
            Stale: something was.
            LogUnavailable: it was not acknowledged: it may be in force, or not.
            LogRefused: the stream does not take it.
        """
        ...

    async def heads(self) -> ReleaseBook:
        """Everything that the stream has."""
        ...


@dataclass(frozen=True)
class LogReleases:
    """Releases on the stream, signed with the key of `owner`."""

    jetstream: JetStreamContext
    reader: DirectReader
    verifier: Verifier
    owner: str
    signer: Signer
    timeout_seconds: float

    async def give(self, told: Either, last: int | None = None) -> int:
        message = (
            REQUESTED.encode(told, self.owner, self.signer)
            if isinstance(told, ReleaseAsked)
            else RELEASED.encode(told, self.owner, self.signer)
        )
        if last is not None:
            guard = {
                EXPECTED: str(last),
                EXPECTED_SUBJECT: RELEASE.format(agent=told.agent, label="*"),
            }
            message = Encoded(message.subject, {**message.headers, **guard}, message.body)
        try:
            ack = await store(self.jetstream, message, timeout_seconds=self.timeout_seconds)
        except LogRefused as error:
            if last is None or error.code != WRONG_LAST_SEQUENCE:
                raise
            raise Stale(message.subject, last) from None
        return ack.seq

    async def heads(self) -> ReleaseBook:
        found = ReleaseHeads(verifier=self.verifier)
        found.take(await self.reader.read(RELEASE_SUBJECTS, 1))
        return found


async def open_release_log(
    client: Client, service: str, verifier: Verifier, settings: ServiceSettings
) -> LogReleases:
    """Releases on the stream, signed with the key of this service.

    Raises:
        ConfigError: it has none.
    """
    signer = load_signer(settings.signing_key_file)
    if signer is None:
        raise ConfigError(f"{service} has no signing key: nobody would believe its releases")
    inbox = f"{inbox_prefix(service)}.release_log"
    reader = DirectReader(client, RELEASES, inbox, settings.read_timeout_seconds)
    await reader.start()
    timeout = settings.publish_timeout_seconds
    return LogReleases(client.jetstream(), reader, verifier, service, signer, timeout)


@dataclass
class MemoryReleases:
    """Releases in memory, for tests."""

    given: list[Either] = field(default_factory=list)

    async def give(self, told: Either, last: int | None = None) -> int:
        if last is not None and last != (await self.heads()).sequences.get(told.agent, 0):
            raise Stale(told.subject, last)
        self.given.append(told)
        return len(self.given)

    async def heads(self) -> ReleaseBook:
        found = ReleaseBook()
        for sequence, told in enumerate(self.given, start=1):
            found.keep(told)
            found.sequences[told.agent] = sequence
        return found
