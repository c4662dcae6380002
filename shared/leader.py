"""Reading from the leader of a stream: one message a request, from the copy that acknowledged it.

Any replica answers a direct get, and one that lags answers from an older state. Who knows of a
message that a replica does not show asks the leader. (A leader that was just deposed may still
answer for a moment, so whoever knows what must be there looks whether it is.)
"""

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Any

import nats.errors
from nats.aio.client import Client

from contracts.envelope import Stored
from shared.connection import REPEATED
from shared.errors import LogUnavailable

NO_MESSAGE_FOUND = 10037


class LeaderReader:
    """Single messages of one stream, with the headers that they are stored with."""

    def __init__(self, client: Client, stream: str, timeout_seconds: float) -> None:
        self._client = client
        self._subject = f"$JS.API.STREAM.MSG.GET.{stream}"
        self._timeout_seconds = timeout_seconds

    async def next(self, subject: str, first: int) -> Stored | None:
        """The first message on `subject` (wildcards allowed) from sequence `first` on."""
        return await self._ask({"seq": max(first, 1), "next_by_subj": subject}, subject)

    async def last(self, subject: str) -> Stored | None:
        """The last message on `subject` (wildcards allowed), or None."""
        return await self._ask({"last_by_subj": subject}, subject)

    async def at(self, sequence: int) -> Stored | None:
        """The message with this sequence, or None where it is gone."""
        return await self._ask({"seq": sequence}, str(sequence))

    async def _ask(self, request: dict[str, object], what: str) -> Stored | None:
        body = json.dumps(request).encode()
        try:
            answer = await self._client.request(self._subject, body, timeout=self._timeout_seconds)
        except (nats.errors.TimeoutError, nats.errors.NoRespondersError) as error:
            name = type(error).__name__
            raise LogUnavailable(what, self._timeout_seconds, f"the leader: {name}") from None
        found = json.loads(answer.data)
        if refusal := found.get("error"):
            if refusal.get("err_code") == NO_MESSAGE_FOUND:
                return None
            raise LogUnavailable(what, 0, f"the leader: {refusal.get('description')}")
        return await self._stored(found["message"])

    async def _stored(self, message: dict[str, Any]) -> Stored:
        raw = _decoded(message.get("hdrs"))
        # The same reading of headers as on the connection: a fact must not change with its way.
        headers = await self._client._process_headers(raw) if raw else None  # noqa: SLF001 - there
        return Stored(
            subject=message["subject"],
            headers={name: value for name, value in (headers or {}).items() if name != REPEATED},
            body=_decoded(message.get("data")),
            sequence=message["seq"],
            stored_at=parse_server_time(message["time"]),
        )


def parse_server_time(text: str) -> datetime:
    """RFC 3339 with nanoseconds, cut to the microseconds that Python keeps."""
    main, _, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{main}.{fraction[:6]:0<6}").replace(tzinfo=UTC)


def _decoded(text: str | None) -> bytes:
    try:
        return base64.b64decode(text or "", validate=True)
    except binascii.Error:
        return b""
