"""What the three wire formats share: reading untrusted JSON, and framing server-sent events."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from infra.simulator.conversation import Api, Conversation, Provider
from infra.simulator.errors import RequestRefused
from infra.simulator.reply import Reply

Json = dict[str, Any]
Frames = Iterator[bytes]


@dataclass(frozen=True, slots=True)
class WireFormat:
    """One provider API: how its requests are read and its answers written."""

    provider: Provider
    api: Api
    read: Callable[[Json], Conversation]
    whole: Callable[[Reply], Json]
    frames: Callable[[Reply, bool], Frames]
    """The stream's frames; the flag says whether usage was asked for."""


def encoded(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def frame(value: Json, event: str | None = None) -> bytes:
    """One server-sent event."""
    head = f"event: {event}\n".encode() if event else b""
    return head + b"data: " + encoded(value) + b"\n\n"


def text_at(body: Json, field: str) -> str:
    """A required text field of a request."""
    value = body.get(field)
    if not isinstance(value, str) or not value:
        raise RequestRefused(f"missing required parameter: {field!r}")
    return value


def objects_at(body: Json, field: str) -> list[Json]:
    """A list of objects; none when the field is absent."""
    value = body.get(field)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise RequestRefused(f"{field!r} must be a list of objects")
    return value


def tokens_at(body: Json, *fields: str) -> int | None:
    """The first of these output limits that is given."""
    for field in fields:
        value = body.get(field)
        if value is None:
            continue
        if not isinstance(value, int) or value < 1:
            raise RequestRefused(f"{field!r} must be a whole number of at least 1")
        return value
    return None


def text_of(content: object) -> str:
    """The text of a message's content: a string, or the text parts of a list."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = (part for part in content if isinstance(part, dict))
    texts = (part.get("text") or part.get("refusal") for part in parts)
    return "\n".join(text for text in texts if isinstance(text, str))


def size_of(*values: object) -> int:
    """The bytes that count as input: of a text its own, of anything else those of its JSON."""
    return sum(
        len((value if isinstance(value, str) else json.dumps(value)).encode())
        for value in values
        if value
    )
