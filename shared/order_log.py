"""Orders as they lie on the stream `CONTROL`: signed, believed, and read in log order.

The last believable order for a scope is in force. Where something lies and none of it can be
believed, an order was lost or pushed out: then the scope is stopped, for unsure means no.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

import structlog
from nats.aio.client import Client
from nats.js.client import JetStreamContext
from pydantic import ValidationError

from contracts.control import ControlOrdered
from contracts.envelope import Signer, Stored, Unbelievable, Verifier
from contracts.subjects import CONSOLE, CONTROL, CONTROL_SUBJECTS
from shared.connection import inbox_prefix
from shared.direct import DirectReader
from shared.errors import ConfigError
from shared.metrics import UNBELIEVABLE
from shared.settings import ServiceSettings
from shared.signed_orders import OrderKind
from shared.signing import load_signer
from shared.storing import store

log = structlog.get_logger()

KIND = OrderKind("control.ordered", ControlOrdered, "order")
UNREADABLE = "something lies here in place of an order, and cannot be believed: order anew"


@dataclass
class Heads:
    """The order in force for each scope, from messages in log order."""

    verifier: Verifier
    by_subject: dict[str, ControlOrdered] = field(default_factory=dict)
    last_sequence: int = 0

    def take(self, messages: Iterable[Stored]) -> tuple[ControlOrdered, ...]:
        """Take what came after the last message; the orders that are others now."""
        before = dict(self.by_subject)
        for message in messages:
            if message.sequence <= self.last_sequence:
                continue
            self.last_sequence = message.sequence
            order = self._believed(message)
            if order is not None:
                self.by_subject[message.subject] = order
        return tuple(one for name, one in self.by_subject.items() if one != before.get(name))

    def _believed(self, message: Stored) -> ControlOrdered | None:
        try:
            return KIND.believe(message, self.verifier, (CONSOLE,))
        except Unbelievable as error:
            UNBELIEVABLE.labels(error.rule).inc()
            log.warning("orders.unbelievable", subject=message.subject, rule=error.rule)
        # Put on top of an order that is known, it changes nothing.
        return None if message.subject in self.by_subject else _unreadable(message)


def _unreadable(message: Stored) -> ControlOrdered | None:
    """A stop in the place of orders that were lost; None where the subject names no scope."""
    _, scope, *name = message.subject.split(".")
    found = {
        "scope": scope,
        "name": ".".join(name) or None,
        "state": "stopped",
        "principal": "nobody",
        "reason": UNREADABLE,
        "at": message.stored_at,
        "nonce": "unreadable",
    }
    try:
        return ControlOrdered.model_validate(found)
    except ValidationError:
        return None


class OrderDesk(Protocol):
    """Where people's orders are given and looked up."""

    async def give(self, order: ControlOrdered) -> int:
        """Put an order into force; the sequence under which it lies.

        Raises:
            LogUnavailable: it was not acknowledged: it may be in force, or not.
            LogRefused: the stream does not take it.
        """
        ...

    async def last_orders(self) -> list[ControlOrdered]:
        """The last order for each scope that was ever given one."""
        ...


@dataclass(frozen=True)
class LogOrders:
    """Orders on the stream, for the console."""

    jetstream: JetStreamContext
    reader: DirectReader
    verifier: Verifier
    signer: Signer
    timeout_seconds: float

    async def give(self, order: ControlOrdered) -> int:
        message = KIND.encode(order, CONSOLE, self.signer)
        return (await store(self.jetstream, message, timeout_seconds=self.timeout_seconds)).seq

    async def last_orders(self) -> list[ControlOrdered]:
        heads = Heads(self.verifier)
        heads.take(await self.reader.read(CONTROL_SUBJECTS, 1))
        return list(heads.by_subject.values())


async def open_order_log(
    client: Client, service: str, verifier: Verifier, settings: ServiceSettings
) -> LogOrders:
    """Orders on the stream, signed with the key of this service.

    Raises:
        ConfigError: it has none.
    """
    signer = load_signer(settings.signing_key_file)
    if signer is None:
        raise ConfigError(f"{service} has no signing key: nobody would believe its orders")
    inbox = f"{inbox_prefix(service)}.orders"
    reader = DirectReader(client, CONTROL, inbox, settings.read_timeout_seconds)
    await reader.start()
    timeout = settings.publish_timeout_seconds
    return LogOrders(client.jetstream(), reader, verifier, signer, timeout)


@dataclass
class MemoryOrders:
    """Orders in memory, for tests."""

    given: list[ControlOrdered] = field(default_factory=list)

    async def give(self, order: ControlOrdered) -> int:
        self.given.append(order)
        return len(self.given)

    async def last_orders(self) -> list[ControlOrdered]:
        return list({order.subject: order for order in self.given}.values())
