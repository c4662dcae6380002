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
from contracts.envelope import (
    RESTORED_HEADERS,
    Encoded,
    Signer,
    Stored,
    Unbelievable,
    Verifier,
    signed_bytes,
)
from contracts.ids import derive_id
from contracts.subjects import CONSOLE, CONTROL, CONTROL_SUBJECTS
from shared.connection import inbox_prefix
from shared.direct import DirectReader
from shared.errors import ConfigError
from shared.metrics import UNBELIEVABLE
from shared.settings import ServiceSettings
from shared.signing import load_signer
from shared.storing import store

log = structlog.get_logger()

TYPE = "control.ordered"
UNREADABLE = "something lies here in place of an order, and cannot be believed: order anew"


def order_id(order: ControlOrdered) -> str:
    return derive_id(order.subject, "order", order.nonce)


def encode_order(order: ControlOrdered, signer: Signer) -> Encoded:
    """An order as the console publishes it. The signature covers its scope, id and body."""
    body = order.model_dump_json(exclude_none=True).encode()
    name = order_id(order)
    headers = {
        "Nats-Msg-Id": name,
        "content-type": "application/json",
        "ce-specversion": "1.0",
        "ce-id": name,
        "ce-source": f"/{CONSOLE}",
        "ce-type": TYPE,
        "ce-time": order.at.isoformat(),
        "ce-signature": signer.sign(signed_bytes(order.subject, name, body)),
    }
    return Encoded(order.subject, headers, body)


def believe_order(message: Stored, verifier: Verifier) -> ControlOrdered:
    """The order that a message is.

    Raises:
        Unbelievable: it is none, or not the console's, or was stored here for somebody else.
    """
    if any(name in message.headers for name in RESTORED_HEADERS):
        raise Unbelievable("restored", "the server stored it for somebody", message.subject)
    try:
        order = ControlOrdered.model_validate_json(message.body)
    except ValidationError as error:
        reason = "; ".join(str(one["msg"]) for one in error.errors(include_input=False))
        raise Unbelievable("bad_body", reason, message.subject) from None
    name = message.headers.get("ce-id", "")
    if (order.subject, order_id(order)) != (message.subject, name):
        raise Unbelievable("id_mismatch", "it belongs to another scope, or id", message.subject)
    signature = message.headers.get("ce-signature", "")
    if not verifier.verify(CONSOLE, signed_bytes(message.subject, name, message.body), signature):
        raise Unbelievable("bad_signature", f"no key of {CONSOLE} signed it", message.subject)
    return order


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
            return believe_order(message, self.verifier)
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
        message = encode_order(order, self.signer)
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
