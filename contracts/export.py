"""A run as one file that anybody can check: its facts as they are stored, in a chain of digests.

One JSON object a line, each in its only spelling (keys sorted, no spaces, ASCII):

    header    whose run, when it was taken, public keys of the owners that signed
    fact      sequence, stored_at, subject, headers, body; and `chain`, SHA-256 over the chain of
              the line before and this line without it
    ...
    end       how many facts, and `digest`, the chain of the last one

The facts of the runs that it grew from come first, as far as it knows them, so that every prompt
can be rebuilt from the file alone. The digest names the history: the same facts have the same one,
whoever exports them and when. Signatures cover starred facts only, so somebody who makes a whole
new chain can leave out or add others; who has the digest from elsewhere finds that out too.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from pydantic import Field, ValidationError

from .envelope import Fact, Stored, Unbelievable, Verifier, believe
from .history import Run, fold
from .history.lineage import grown_from
from .run import LINEAGE_LIMIT
from .shape import Body, Sha256, Token, UtcTime, Written, sha256_hex
from .subjects import kind_of

LINE_LIMIT_BYTES = 64 * 1024 * 1024  # a body of 16 MiB, with every character escaped
LEAST_LINES = 4  # a header, a fact, the end, and nothing after its end of line
MEDIA_TYPE = "application/x-ndjson"

Keys = dict[str, tuple[str, ...]]
W = TypeVar("W", bound=Written)


class Header(Written):
    """The first line. `chain` is its own digest; the chain of the facts begins anew."""

    format: Literal["interlock.run"] = "interlock.run"
    version: Literal[1] = 1
    tenant: Token
    run_id: Token
    exported_at: UtcTime
    keys: Keys = Field(description="Hex public keys of the owners that signed, by owner")


class End(Written):
    """The last line."""

    facts: int = Field(ge=1)
    digest: Sha256


class Tampered(ValueError):
    """The file is not what was exported: which line, which fact, and what is wrong with it."""

    def __init__(self, line: int, what: str, reason: str) -> None:
        super().__init__(f"line {line} ({what}): {reason}")
        self.line = line
        self.what = what
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Exported:
    """A file whose chain holds, and whose facts are believed."""

    header: Header
    messages: tuple[Stored, ...]
    facts: tuple[Fact[Body], ...]
    digest: str

    @property
    def own(self) -> tuple[Fact[Body], ...]:
        """The facts of the run itself, without those of the runs that it grew from."""
        return tuple(fact for fact in self.facts if fact.run_id == self.header.run_id)

    def run(self) -> Run:
        """The run, with those that it grew from."""
        return _with_ancestors(self.header.run_id, self.facts)


def write(header: Header, messages: Iterable[Stored]) -> Iterator[bytes]:
    """The lines of the file, each with its end of line."""
    first = _line(header.model_dump(mode="json"), "")
    yield first
    chain, count = "", 0
    for message in messages:
        line = _line(_told(message), chain)
        chain, count = _chain_of(line), count + 1
        yield line
    yield _line({"facts": count, "digest": chain}, _chain_of(first))


def signers(messages: Iterable[Stored]) -> tuple[str, ...]:
    """The owners of the starred facts among these, sorted: whose keys go into the header."""
    kinds = (kind_of(".".join(message.subject.split(".")[3:5])) for message in messages)
    return tuple(sorted({kind.owner for kind in kinds if kind.starred}))


def read_header(content: bytes) -> Header:
    """The first line, before anything else is known of the file.

    Raises:
        Tampered: it is none.
    """
    first = content.split(b"\n", 1)[0]
    shown = _unchained(1, "header", first, "")
    return _parsed(1, "header", Header, shown)


def read(content: bytes, verifier: Verifier) -> Exported:
    """Check the whole file: each line, the chain, the envelope and the signature of each fact.

    Raises:
        Tampered: at the first line where something is wrong.
    """
    header = read_header(content)
    lines = content.split(b"\n")
    if len(lines) < LEAST_LINES or lines[-1]:
        raise Tampered(len(lines), "end", "the file is cut off, or something comes after its end")
    messages, facts, chain = list[Stored](), list[Fact[Body]](), ""
    for number, line in enumerate(lines[1:-2], start=2):
        shown = _unchained(number, f"fact {number - 1}", line, chain)
        message = _message(number, shown)
        facts.append(_fact(number, message, header, verifier))
        messages.append(message)
        chain = _chain_of(line)
    number = len(lines) - 1
    end = _parsed(number, "end", End, _unchained(number, "end", lines[-2], _chain_of(lines[0])))
    if (end.facts, end.digest) != (len(facts), chain):
        raise Tampered(number, "end", f"it tells of {end.facts} facts with another digest")
    exported = Exported(header, tuple(messages), tuple(facts), chain)
    _check_order(exported)
    return exported


def _told(message: Stored) -> dict[str, object]:
    return {
        "sequence": message.sequence,
        "stored_at": message.stored_at.isoformat(),
        "subject": message.subject,
        "headers": dict(message.headers),
        "body": message.body.decode(),
    }


def _canonical(shown: Mapping[str, object]) -> bytes:
    return json.dumps(shown, sort_keys=True, separators=(",", ":")).encode()


def _line(shown: Mapping[str, object], before: str) -> bytes:
    chain = sha256_hex(before.encode() + b"\n" + _canonical(shown))
    return _canonical({**shown, "chain": chain}) + b"\n"


def _chain_of(line: bytes) -> str:
    return str(json.loads(line)["chain"])


def _unchained(number: int, what: str, line: bytes, before: str) -> dict[str, Any]:
    """What a line says, if it is in its only spelling, and follows from the line before."""
    if len(line) > LINE_LIMIT_BYTES:
        raise Tampered(number, what, f"it is longer than {LINE_LIMIT_BYTES} bytes")
    try:
        shown = json.loads(line)
    except (ValueError, RecursionError):
        raise Tampered(number, what, "it is no JSON") from None
    if not isinstance(shown, dict):
        raise Tampered(number, what, "it is no JSON object")
    chain = shown.pop("chain", None)
    what = _named(what, shown)
    if _line(shown, before) != line + b"\n":
        told = "its chain does not follow from the line before and from what it says"
        raise Tampered(number, what, told if isinstance(chain, str) else "it has no chain")
    return shown


def _named(what: str, shown: Mapping[str, object]) -> str:
    headers = shown.get("headers")
    fact_id = headers.get("ce-id") if isinstance(headers, dict) else None
    return f"{what}, {shown.get('subject')}, id {fact_id}" if "subject" in shown else what


def _parsed(number: int, what: str, shape: type[W], shown: dict[str, Any]) -> W:
    try:
        return shape.model_validate_json(_canonical(shown))
    except ValidationError as error:
        place = error.errors()[0]
        where = ".".join(str(one) for one in place["loc"])
        raise Tampered(number, what, f"{where}: {place['msg']}") from None


class _Line(Written):
    sequence: int = Field(ge=1)
    stored_at: UtcTime
    subject: str
    headers: dict[str, str]
    body: str


def _message(number: int, shown: dict[str, Any]) -> Stored:
    one = _parsed(number, _named(f"fact {number - 1}", shown), _Line, shown)
    return Stored(one.subject, one.headers, one.body.encode(), one.sequence, one.stored_at)


def _fact(number: int, message: Stored, header: Header, verifier: Verifier) -> Fact[Body]:
    try:
        fact = believe(message, verifier)
    except Unbelievable as error:
        what = f"fact {number - 1}, {message.subject}, id {message.headers.get('ce-id')}"
        raise Tampered(number, what, f"{error.reason} (rule={error.rule})") from None
    if fact.tenant != header.tenant:
        raise Tampered(number, f"fact {number - 1}, {message.subject}", "it is another tenant's")
    return fact


def _check_order(exported: Exported) -> None:
    """Each run in log order and in one piece, its ancestors before it, and nobody else's facts."""
    last: dict[str, int] = {}
    order: list[str] = []
    for number, fact in enumerate(exported.facts, start=2):
        what = f"fact {number - 1}, {fact.type} of {fact.run_id}, id {fact.id}"
        if not order or order[-1] != fact.run_id:
            order.append(fact.run_id)
        if fact.sequence <= last.get(fact.run_id, 0) or order.count(fact.run_id) > 1:
            raise Tampered(number, what, "it is not in the order of the log")
        last[fact.run_id] = fact.sequence
    run: Run | None = exported.run()
    lineage: list[str] = []
    while run is not None:
        lineage.insert(0, run.run_id)
        run = run.ancestor
    if order != lineage:
        raise Tampered(1, "header", f"it has facts of {order}, and its lineage is {lineage}")


def _with_ancestors(run_id: str, facts: tuple[Fact[Body], ...], left: int = LINEAGE_LIMIT) -> Run:
    own = [fact for fact in facts if fact.run_id == run_id]
    if not own or left < 0:
        raise Tampered(1, "header", f"there are no facts of run {run_id}")
    run = fold(own)
    grown = grown_from(run)
    if grown is not None:
        run.ancestor = _with_ancestors(grown.run_id, facts, left - 1)
        if run.ancestor.last_sequence > grown.position:
            reason = f"it grew from run {grown.run_id} up to sequence {grown.position}, not further"
            raise Tampered(1, "header", reason)
    return run
