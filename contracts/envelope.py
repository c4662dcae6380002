"""The envelope of a fact: CloudEvents 1.0 in binary mode on NATS, and what makes it believable.

A fact is believed only if it fits: its subject, its headers and its body say the same, its id
follows from its cause, and its owner signed it where the table of subjects asks for that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, Protocol, TypeVar

from pydantic import ValidationError

from .ids import derive_id, root_id
from .shape import Body
from .subjects import SUBMITTED, FactKind, Subject, kind_of, kind_of_body, parse_subject
from .task import TaskSubmitted

B_co = TypeVar("B_co", bound=Body, covariant=True)
B = TypeVar("B", bound=Body)
SCHEMA_VERSION = "1"
# The digest of a body that lies beside the log; the message itself then has none.
DATAREF = "ce-dataref"
# The server adds these when it stores its own reply for somebody. No publisher of ours does.
RESTORED_HEADERS = ("Nats-Subject", "Nats-Stream")


@dataclass(frozen=True, slots=True)
class Fact(Generic[B_co]):
    """One fact of one run. `sequence` is 0 until it is stored; `stored_at` is the server's time."""

    id: str
    type: str
    tenant: str
    run_id: str
    cause_id: str
    time: datetime
    body: B_co
    sequence: int = 0
    stored_at: datetime | None = None
    first_sequence: int = 0
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as it lies in the stream."""

    subject: str
    headers: Mapping[str, str]
    body: bytes
    sequence: int
    stored_at: datetime


@dataclass(frozen=True, slots=True)
class Encoded:
    """A fact ready to be published."""

    subject: str
    headers: dict[str, str]
    body: bytes


class Unbelievable(ValueError):
    """A message that is not a fact. It goes to the dead letters and changes nothing."""

    def __init__(self, rule: str, reason: str, subject: str) -> None:
        super().__init__(f"{subject}: {reason} (rule={rule})")
        self.rule = rule
        self.reason = reason
        self.subject = subject


class Signer(Protocol):
    def sign(self, message: bytes) -> str:
        """Text form of the signature of `message`."""
        ...


class Verifier(Protocol):
    def verify(self, owner: str, message: bytes, signature: str) -> bool:
        """Whether one of the owner's keys signed `message`."""
        ...


def follow(
    tenant: str,
    run_id: str,
    body: B,
    *,
    cause_id: str,
    time: datetime,
    first_sequence: int = 0,
    traceparent: str | None = None,
) -> Fact[B]:
    """The fact that says `body` because of `cause_id`; "" stands for the submission itself."""
    kind = kind_of_body(type(body))
    return Fact(
        id=_id_of(kind, tenant, run_id, cause_id, body),
        type=kind.type,
        tenant=tenant,
        run_id=run_id,
        cause_id=cause_id,
        time=time,
        body=body,
        first_sequence=first_sequence,
        traceparent=traceparent,
    )


def encode(fact: Fact[Body], signer: Signer | None = None) -> Encoded:
    """Subject, headers and body of a fact; signed where its kind is starred.

    Raises:
        ValueError: the kind is starred and there is no signer.
    """
    kind = kind_of(fact.type)
    subject = Subject(fact.tenant, fact.run_id, fact.type, fact.body.key).text
    body = fact.body.model_dump_json(exclude_none=True).encode()
    headers = {
        "Nats-Msg-Id": fact.id,
        "content-type": "application/json",
        "ce-specversion": "1.0",
        "ce-id": fact.id,
        "ce-source": f"/{kind.owner}",
        "ce-type": fact.type,
        "ce-time": fact.time.astimezone(UTC).isoformat(),
        "ce-schemaversion": SCHEMA_VERSION,
    }
    if fact.cause_id:
        headers["ce-causeid"] = fact.cause_id
    if fact.first_sequence:
        headers["ce-runsequence"] = str(fact.first_sequence)
    if fact.traceparent:
        headers["traceparent"] = fact.traceparent
    if kind.starred:
        if signer is None:
            raise ValueError(f"{fact.type} must be signed by {kind.owner}: give encode() its key")
        headers["ce-signature"] = signer.sign(signed_bytes(subject, fact.id, body))
    return Encoded(subject, headers, body)


def signed_bytes(subject: str, fact_id: str, body: bytes) -> bytes:
    """What a signature covers: the place, the id (and by it the cause), and the body."""
    return b"interlock/1\n" + subject.encode() + b"\n" + fact_id.encode() + b"\n" + body


def believe(message: Stored, verifier: Verifier) -> Fact[Body]:
    """The fact that a stored message is.

    Raises:
        Unbelievable: with the rule it breaks.
    """
    subject, kind = _place(message)
    headers = message.headers
    for name in RESTORED_HEADERS:
        if name in headers:
            raise _unfit(message, "restored", f"the server stored it for somebody ({name})")
    if DATAREF in headers:
        raise _unfit(message, "incomplete", "its content is not where it should lie")
    body = _body(message, kind)
    if isinstance(body, TaskSubmitted) and not body.may_be_named(subject.run_id):
        raise _unfit(message, "run_id_unfit", f"no {kind.type} of this content has that run id")
    if body.key != subject.key:
        raise _unfit(message, "key_mismatch", f"its body belongs under key {body.key!r}")
    fact_id = _agree(message, subject, kind, body)
    if kind.starred:
        _check_signature(message, kind, fact_id, verifier)
    return Fact(
        id=fact_id,
        type=kind.type,
        tenant=subject.tenant,
        run_id=subject.run_id,
        cause_id=headers.get("ce-causeid", ""),
        time=_time(message),
        body=body,
        sequence=message.sequence,
        stored_at=message.stored_at,
        first_sequence=_count(headers.get("ce-runsequence", "0")),
        traceparent=headers.get("traceparent"),
    )


def _place(message: Stored) -> tuple[Subject, FactKind]:
    try:
        subject = parse_subject(message.subject)
        return subject, kind_of(subject.type)
    except ValueError as error:
        raise _unfit(message, "bad_subject", str(error)) from None


def _body(message: Stored, kind: FactKind) -> Body:
    version = message.headers.get("ce-schemaversion", SCHEMA_VERSION)
    if version != SCHEMA_VERSION:
        raise _unfit(message, "unknown_version", f"version {version} of {kind.type} is not known")
    try:
        return kind.body.model_validate_json(message.body)
    except ValidationError as error:
        raise _unfit(message, "bad_body", _sentence(error)) from None


def _agree(message: Stored, subject: Subject, kind: FactKind, body: Body) -> str:
    """The id, which the headers must repeat. A submission may leave its headers out."""
    headers = message.headers
    said_type = headers.get("ce-type", kind.type if kind is SUBMITTED else "")
    if said_type != kind.type:
        raise _unfit(message, "type_mismatch", f"its header says {said_type or 'no type'}")
    cause_id = headers.get("ce-causeid", "")
    expected = _id_of(kind, subject.tenant, subject.run_id, cause_id, body)
    said_id = headers.get("ce-id", expected if kind is SUBMITTED else "")
    if said_id != expected:
        raise _unfit(message, "id_mismatch", f"its id should be {expected}, not {said_id!r}")
    return expected


def _id_of(kind: FactKind, tenant: str, run_id: str, cause_id: str, body: Body) -> str:
    if kind.begins:
        return root_id(tenant, run_id)
    return derive_id(cause_id, kind.slot, body.branch)


def _check_signature(message: Stored, kind: FactKind, fact_id: str, verifier: Verifier) -> None:
    signature = message.headers.get("ce-signature")
    if signature is None:
        raise _unfit(message, "unsigned", f"{kind.type} must be signed by {kind.owner}")
    if not verifier.verify(
        kind.owner, signed_bytes(message.subject, fact_id, message.body), signature
    ):
        raise _unfit(message, "bad_signature", f"no key of {kind.owner} made its signature")


def _time(message: Stored) -> datetime:
    said = message.headers.get("ce-time")
    if said is None:
        return message.stored_at
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        raise _unfit(message, "bad_time", f"{said!r} is not an ISO 8601 time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _count(text: str) -> int:
    return int(text) if text.isdigit() else 0


def _sentence(error: ValidationError) -> str:
    """What is wrong and where, without the value: it may be hostile, or secret."""
    return "; ".join(
        f"{'.'.join(str(place) for place in one['loc']) or 'body'}: {one['msg']}"
        for one in error.errors(include_url=False, include_input=False)[:5]
    )


def _unfit(message: Stored, rule: str, reason: str) -> Unbelievable:
    return Unbelievable(rule, reason, message.subject)
