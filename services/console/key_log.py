"""API keys as they lie on the stream `KEYS`: signed, believed, and followed.

The first creation of an id counts, and whatever lies where its revocation would be ends it: unsure
means no.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import structlog
from nats.aio.client import Client
from nats.js.client import JetStreamContext

from contracts.access import KeyCreated, KeyRevoked
from contracts.envelope import Encoded, Signer, Stored, Unbelievable, Verifier
from contracts.subjects import CONSOLE, KEY_SUBJECTS, KEYS
from shared.errors import ConfigError, LogRefused
from shared.following import Follower, Topic, following
from shared.metrics import UNBELIEVABLE
from shared.settings import ServiceSettings
from shared.signed_orders import OrderKind
from shared.signing import load_signer
from shared.storing import store

log = structlog.get_logger()

CREATED = OrderKind("key.created", KeyCreated, "created")
REVOKED = OrderKind("key.revoked", KeyRevoked, "revoked")
TOPIC = Topic("keys", KEYS, KEY_SUBJECTS)

Either = KeyCreated | KeyRevoked


@dataclass(kw_only=True)
class KeyBook:
    """Every key that there was, by its id; and which were revoked, where by whom is known."""

    created: dict[str, KeyCreated] = field(default_factory=dict)
    revoked: dict[str, KeyRevoked | None] = field(default_factory=dict)

    def keep(self, told: Either) -> bool:
        """Take one; False where it changes nothing."""
        known = self.created if isinstance(told, KeyCreated) else self.revoked
        if told.key_id in known:
            return False
        if isinstance(told, KeyCreated):
            self.created[told.key_id] = told
        else:
            self.revoked[told.key_id] = told
        return True

    def in_force(self, key_id: str, now: datetime) -> KeyCreated | None:
        """The key of this id, while it opens anything."""
        found = self.created.get(key_id)
        is_over = key_id in self.revoked or found is None or found.expires_at <= now
        return None if is_over else found


@dataclass(kw_only=True)
class KeyHeads(KeyBook):
    """The book of the stream, from messages in log order."""

    verifier: Verifier
    last_sequence: int = 0

    def take(self, messages: Iterable[Stored]) -> tuple[Either, ...]:
        """Take what came after the last message; what is new of it."""
        found: list[Either] = []
        for message in messages:
            if message.sequence <= self.last_sequence:
                continue
            self.last_sequence = message.sequence
            told = self._believed(message)
            if told is not None and self.keep(told):
                found.append(told)
        return tuple(found)

    def _believed(self, message: Stored) -> Either | None:
        ends = message.subject.endswith(".revoked")
        try:
            if ends:
                return REVOKED.believe(message, self.verifier, (CONSOLE,))
            return CREATED.believe(message, self.verifier, (CONSOLE,))
        except Unbelievable as error:
            UNBELIEVABLE.labels(error.rule).inc()
            log.warning("keys.unbelievable", subject=message.subject, rule=error.rule)
        if ends:
            self.revoked.setdefault(message.subject.split(".")[1], None)
        return None


class KeyDesk(Protocol):
    """Where keys are made, revoked and looked up."""

    def book(self) -> KeyBook:
        """Every key, as it is now.

        Raises:
            Again: it could not be read for too long to be relied upon.
        """
        ...

    async def give(self, told: Either) -> None:
        """Put it into force.

        Raises:
            LogUnavailable: it was not acknowledged: it may be in force, or not.
            LogRefused: the stream does not take it.
        """
        ...


@dataclass
class MemoryKeys:
    """Keys in memory, for tests."""

    known: KeyBook = field(default_factory=KeyBook)
    given: list[Either] = field(default_factory=list)

    def book(self) -> KeyBook:
        return self.known

    async def give(self, told: Either) -> None:
        if any(one.subject == told.subject for one in self.given):
            raise LogRefused(told.subject, 0, "it is written once")
        self.given.append(told)
        self.known.keep(told)


@dataclass(frozen=True)
class LogKeys:
    """Keys on the stream, which is followed."""

    jetstream: JetStreamContext
    heads: KeyHeads
    follower: Follower
    signer: Signer
    timeout_seconds: float

    def book(self) -> KeyBook:
        self.follower.check()
        return self.heads

    async def give(self, told: Either) -> None:
        message = encoded(told, self.signer)
        await store(self.jetstream, message, timeout_seconds=self.timeout_seconds)
        # Whoever made a key may use it at once, and whoever revoked one may rely on that.
        self.heads.keep(told)


def encoded(told: Either, signer: Signer) -> Encoded:
    """It as it lies on the stream."""
    if isinstance(told, KeyCreated):
        return CREATED.encode(told, CONSOLE, signer)
    return REVOKED.encode(told, CONSOLE, signer)


@asynccontextmanager
async def following_keys(
    client: Client, verifier: Verifier, settings: ServiceSettings
) -> AsyncIterator[LogKeys]:
    """Keys that are followed meanwhile.

    Raises:
        ConfigError: the console has no signing key.
        LogUnavailable: the stream did not answer, so that nobody could tell who may come in.
    """
    signer = load_signer(settings.signing_key_file)
    if signer is None:
        raise ConfigError("the console has no signing key: nobody would believe its API keys")
    heads = KeyHeads(verifier=verifier)
    async with following(client, CONSOLE, TOPIC, heads, settings) as follower:
        timeout = settings.publish_timeout_seconds
        yield LogKeys(client.jetstream(), heads, follower, signer, timeout)
