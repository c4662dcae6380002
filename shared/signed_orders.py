"""Orders on the wire: signed values that are no facts of a run, each on a subject of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import ValidationError

from contracts.control import Order
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

T = TypeVar("T", bound=Order)


@dataclass(frozen=True, slots=True)
class OrderKind(Generic[T]):
    """One kind of order: its name on the wire, its shape, and its part of derived ids."""

    name: str
    shape: type[T]
    slot: str

    def id_of(self, order: T) -> str:
        return derive_id(order.subject, self.slot, order.nonce)

    def encode(self, order: T, owner: str, signer: Signer) -> Encoded:
        """An order as its owner publishes it. The signature covers its subject, id and body."""
        body = order.model_dump_json(exclude_none=True).encode()
        name = self.id_of(order)
        headers = {
            "Nats-Msg-Id": name,
            "content-type": "application/json",
            "ce-specversion": "1.0",
            "ce-id": name,
            "ce-source": f"/{owner}",
            "ce-type": self.name,
            "ce-time": order.at.isoformat(),
            "ce-signature": signer.sign(signed_bytes(order.subject, name, body)),
        }
        return Encoded(order.subject, headers, body)

    def believe(self, message: Stored, verifier: Verifier, owners: Sequence[str]) -> T:
        """The order that a message is, by one of its owners.

        Raises:
            Unbelievable: it is none, or of nobody of them, or was stored here for somebody else.
        """
        order = self.read(message)
        name = message.headers.get("ce-id", "")
        if (order.subject, self.id_of(order)) != (message.subject, name):
            raise Unbelievable(
                "id_mismatch", "it belongs to another subject, or id", message.subject
            )
        covered = signed_bytes(message.subject, name, message.body)
        signature = message.headers.get("ce-signature", "")
        if not any(verifier.verify(owner, covered, signature) for owner in owners):
            reason = f"no key of {' or '.join(owners)} signed it"
            raise Unbelievable("bad_signature", reason, message.subject)
        return order

    def read(self, message: Stored) -> T:
        """What a message says, whoever said it.

        Raises:
            Unbelievable: it is no order, or was stored here for somebody else.
        """
        if any(name in message.headers for name in RESTORED_HEADERS):
            raise Unbelievable("restored", "the server stored it for somebody", message.subject)
        try:
            return self.shape.model_validate_json(message.body)
        except ValidationError as error:
            reason = "; ".join(str(one["msg"]) for one in error.errors(include_input=False))
            raise Unbelievable("bad_body", reason, message.subject) from None
