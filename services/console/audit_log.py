"""Deeds as they lie on the stream `AUDIT`: each signed by its owner, nearly always the console."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypedDict

import structlog
from nats.aio.client import Client
from nats.js.client import JetStreamContext

from contracts.audit import DEEDS, Deed
from contracts.envelope import Signer, Stored, Unbelievable, Verifier
from contracts.subjects import AUDIT, AUDIT_DEED, AUDIT_SUBJECTS, CONSOLE
from shared.connection import inbox_prefix
from shared.direct import DirectReader
from shared.errors import ConfigError
from shared.metrics import UNBELIEVABLE
from shared.settings import ServiceSettings
from shared.signed_orders import OrderKind
from shared.signing import load_signer
from shared.storing import store

log = structlog.get_logger()

_PREFIX = AUDIT_DEED.format(deed="")

KINDS: dict[str, OrderKind[Deed]] = {
    shape.name: OrderKind(shape.name, shape, "deed") for shape in DEEDS
}


class Doer(TypedDict):
    """What every deed tells of who did it."""

    principal: str
    by_key: str | None
    reason: str
    at: datetime
    nonce: str


class AuditTrail(Protocol):
    """Where deeds are noted, and read again."""

    async def note(self, deed: Deed) -> None:
        """Note it; whoever is refused does not do it.

        Raises:
            LogUnavailable: it was not acknowledged: it may be noted, or not.
            LogRefused: the stream does not take it.
        """
        ...

    async def newest(self, looked_at: int) -> list[Deed]:
        """Those among the newest messages of the stream, in log order."""
        ...


@dataclass
class MemoryAudit:
    """Deeds in memory, for tests."""

    noted: list[Deed] = field(default_factory=list)

    async def note(self, deed: Deed) -> None:
        self.noted.append(deed)

    async def newest(self, looked_at: int) -> list[Deed]:
        return self.noted[-looked_at:]


@dataclass(frozen=True)
class LogAudit:
    """Deeds on the stream."""

    jetstream: JetStreamContext
    reader: DirectReader
    verifier: Verifier
    signer: Signer
    timeout_seconds: float

    async def note(self, deed: Deed) -> None:
        message = kind_of(deed.subject).encode(deed, CONSOLE, self.signer)
        await store(self.jetstream, message, timeout_seconds=self.timeout_seconds)

    async def newest(self, looked_at: int) -> list[Deed]:
        last = await self.reader.newest()
        if last is None:
            return []
        first = max(1, last.sequence - looked_at + 1)
        found = await self.reader.read(AUDIT_SUBJECTS, first)
        return [deed for one in found if (deed := believed(one, self.verifier)) is not None]


def kind_of(subject: str) -> OrderKind[Deed]:
    """The kind of deed that lies on a subject.

    Raises:
        KeyError: there is none.
    """
    return KINDS[subject.removeprefix(_PREFIX)]


def believed(message: Stored, verifier: Verifier) -> Deed | None:
    """The deed that a message is; None where nobody of us said it, or a newer release did."""
    try:
        kind = kind_of(message.subject)
        return kind.believe(message, verifier, (kind.shape.owner,))
    except KeyError:
        return None
    except Unbelievable as error:
        UNBELIEVABLE.labels(error.rule).inc()
        log.warning("audit.unbelievable", subject=message.subject, rule=error.rule)
        return None


async def open_audit(client: Client, verifier: Verifier, settings: ServiceSettings) -> LogAudit:
    """The trail, signed with the key of the console.

    Raises:
        ConfigError: it has none.
    """
    signer = load_signer(settings.signing_key_file)
    if signer is None:
        raise ConfigError("the console has no signing key: nobody would believe its audit trail")
    inbox = f"{inbox_prefix(CONSOLE)}.audit"
    reader = DirectReader(client, AUDIT, inbox, settings.read_timeout_seconds)
    await reader.start()
    timeout = settings.publish_timeout_seconds
    return LogAudit(client.jetstream(), reader, verifier, signer, timeout)
