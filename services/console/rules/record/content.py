"""Content in a record: always its digest and size, and its words where they may be seen."""

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict

from contracts.shape import sha256_hex

SHOWN_CHARACTERS = 2000  # of one text; the whole of it is in the log

R = TypeVar("R", bound="Recorded")


class Recorded(BaseModel):
    """A part of a record."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Content(Recorded):
    """Something that was said. `text` is its beginning, or None where content is left out."""

    sha256: str
    bytes: int
    text: str | None
    is_cut: bool = False


def content_of(text: str) -> Content:
    """A text with its digest."""
    encoded = text.encode()
    return Content(
        sha256=sha256_hex(encoded),
        bytes=len(encoded),
        text=text[:SHOWN_CHARACTERS],
        is_cut=len(text) > SHOWN_CHARACTERS,
    )


def without_content(record: R) -> R:
    """The same record, with digests alone."""
    bare = {name: _bare(value) for name, value in record}
    return record.model_copy(update=bare)


def _bare(value: Any) -> Any:
    match value:
        case Content():
            return value.model_copy(update={"text": None})
        case Recorded():
            return without_content(value)
        case tuple():
            return tuple(_bare(one) for one in value)
        case _:
            return value
