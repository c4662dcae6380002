"""The end of an erasure, signed on the stream `AUDIT`: rows can be changed, and this cannot."""

from dataclasses import dataclass
from typing import Protocol

from nats.js.client import JetStreamContext

from contracts.audit import ErasureEnded
from contracts.envelope import Signer
from contracts.subjects import OBSERVER
from services.observer.settings import Settings
from shared.errors import ConfigError
from shared.service import Core
from shared.signed_orders import OrderKind
from shared.signing import load_signer
from shared.storing import store

ENDED = OrderKind(ErasureEnded.name, ErasureEnded, "deed")


class Endings(Protocol):
    """Where the ends of erasures are noted."""

    async def note(self, ended: ErasureEnded) -> None:
        """Note it.

        Raises:
            LogUnavailable: it was not acknowledged: it may be noted, or not.
            LogRefused: the stream does not take it.
        """
        ...


@dataclass(frozen=True)
class LogEndings:
    """Ends on the stream."""

    jetstream: JetStreamContext
    signer: Signer
    timeout_seconds: float

    async def note(self, ended: ErasureEnded) -> None:
        message = ENDED.encode(ended, OBSERVER, self.signer)
        await store(self.jetstream, message, timeout_seconds=self.timeout_seconds)


def open_endings(core: Core, settings: Settings) -> LogEndings:
    """The way to the stream, with the key of the observer.

    Raises:
        ConfigError: it has none.
    """
    signer = load_signer(settings.signing_key_file)
    if signer is None:
        raise ConfigError("the observer has no signing key: nobody would believe what it deleted")
    return LogEndings(core.client.jetstream(), signer, settings.publish_timeout_seconds)
