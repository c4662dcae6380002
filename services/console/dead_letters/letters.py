"""What a dead letter is: the message that was put aside, and what people decided about it.

Both lie in one stream, in order: a letter, and at most one note that names its number. So the state
of a letter is a fold like any other, nothing is ever deleted, and a redrive that fails again leaves
a letter of its own.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from contracts.envelope import RESTORED_HEADERS, Stored
from contracts.shape import Token
from contracts.subjects import DEAD_NOTE, TIMER_FIRED, parsed

UNREADABLE = "unreadable"
NOTES = DEAD_NOTE.split("{", maxsplit=1)[0]
FIRED = TIMER_FIRED.split(".{", maxsplit=1)[0]
State = Literal["open", "redriven", "discarded"]
GroupedBy = Literal["rule", "service", "tenant", "run_id", "type"]


class Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Note(Shape):
    """What a person decided about a letter, and why."""

    state: Literal["redriven", "discarded"]
    principal: str
    reason: str


class LetterLine(Shape):
    """A dead letter in a list."""

    number: int
    stored_at: datetime
    service: str
    stream: str
    sequence: int
    subject: str
    rule: str
    reason: str
    redrive: int = 0
    tenant: str = ""
    run_id: str = ""
    type: str = ""
    state: State = "open"
    decided_by: str = ""
    decided_at: datetime | None = None
    decision: str = ""


class DeadLetter(LetterLine):
    """A message that no service could use, with the reason."""

    headers: dict[str, str] = {}
    body_text: str = ""
    body_bytes: int = 0


class LetterGroup(Shape):
    """Letters that are alike."""

    value: str
    letters: int
    oldest_at: datetime
    newest_at: datetime


class LetterFilter(BaseModel):
    """Which letters are meant; those that are open, unless asked otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    service: Token | None = None
    rule: Token | None = None
    tenant: Token | None = None
    run_id: Token | None = None
    since: AwareDatetime | None = None
    state: State | Literal["all"] = "open"

    def matches(self, letter: LetterLine) -> bool:
        wanted = {
            "service": self.service,
            "rule": self.rule,
            "tenant": self.tenant,
            "run_id": self.run_id,
            "state": None if self.state == "all" else self.state,
        }
        fits = all(getattr(letter, name) == value for name, value in wanted.items() if value)
        return fits and (self.since is None or letter.stored_at >= self.since)


def letters_from(messages: Iterable[Stored]) -> list[DeadLetter]:
    """The letters of a stretch of the stream, in its order, each with what was decided about it."""
    found: dict[int, DeadLetter] = {}
    for message in messages:
        if not message.subject.startswith(NOTES):
            found[message.sequence] = letter_from(message)
            continue
        number = message.subject.removeprefix(NOTES)
        letter = found.get(int(number)) if number.isdigit() else None
        if letter is not None:
            found[letter.number] = noted(letter, message)
    return list(found.values())


def noted(letter: DeadLetter, message: Stored) -> DeadLetter:
    """The letter with what a note says of it: the first note counts, and only a true one."""
    note = note_from(message)
    if note is None or letter.state != "open":
        return letter
    return letter.model_copy(
        update={
            "state": note.state,
            "decided_by": note.principal,
            "decided_at": message.stored_at,
            "decision": note.reason,
        }
    )


def note_from(message: Stored) -> Note | None:
    """Only the console may write notes; but the server stores its replies for whoever asks."""
    if any(name in message.headers for name in RESTORED_HEADERS):
        return None
    try:
        return Note.model_validate_json(message.body)
    except ValidationError:
        return None


def letter_from(message: Stored) -> DeadLetter:
    """A letter as it was put aside. Services write them: what is not one is shown as it is."""
    known = {"number": message.sequence, "stored_at": message.stored_at}
    service, _, rule = message.subject.partition(".")[2].partition(".")
    try:
        content = json.loads(message.body)
        body = base64.b64decode(content.pop("body_base64"))
        # A service can write under its own name alone, so that its subject is what counts.
        told = {**content, **known, "service": service, "rule": rule, **_place(content["subject"])}
        return DeadLetter(**told, body_text=body.decode(errors="replace"))
    except (ValueError, TypeError, KeyError, AttributeError, binascii.Error):
        return DeadLetter(
            **known,
            service=service,
            stream="",
            sequence=0,
            subject=message.subject,
            rule=UNREADABLE,
            reason="what lies here is no letter",
            body_text=message.body.decode(errors="replace"),
            body_bytes=len(message.body),
        )


def group(letters: Sequence[LetterLine], by: GroupedBy) -> list[LetterGroup]:
    """Letters counted by one of their fields, the largest group first."""
    groups: dict[str, list[LetterLine]] = {}
    for letter in letters:
        groups.setdefault(getattr(letter, by), []).append(letter)
    lines = [
        LetterGroup(
            value=value,
            letters=len(alike),
            oldest_at=min(one.stored_at for one in alike),
            newest_at=max(one.stored_at for one in alike),
        )
        for value, alike in groups.items()
    ]
    return sorted(lines, key=lambda line: (-line.letters, line.value))


def _place(subject: str) -> dict[str, str]:
    """Tenant, run and type, where the subject has them: they are for filters, and not believed."""
    if subject.startswith(f"{FIRED}.") and subject.count(".") == TIMER_FIRED.count("."):
        *_, tenant, run_id = subject.split(".")
        return {"tenant": tenant, "run_id": run_id, "type": FIRED}
    place = parsed(subject)
    if place is None:
        return {}
    return {"tenant": place.tenant, "run_id": place.run_id, "type": place.type}
