"""Content too large for a message: kept beside the log in pieces, under its run and its digest.

A fact whose body is over the limit is stored without it, and names its digest (the claim check
pattern; `dataref` of CloudEvents). Whoever reads the fact completes it first, so that nobody else
has to know. The signature of a fact covers the whole body, wherever it lies.
"""

import hashlib
from collections.abc import Sequence

import structlog
from nats.aio.client import Client

from contracts.envelope import DATAREF, Encoded, Stored
from contracts.shape import sha256_hex
from contracts.subjects import CONTENT, CONTENT_SUBJECT, RUNS, parse_subject
from shared.direct import DirectReader
from shared.errors import LogRefused
from shared.leader import LeaderReader
from shared.storing import EXPECTED, WRONG_LAST_SEQUENCE, store

log = structlog.get_logger()

OVER_BYTES = 256 * 1024  # a larger body leaves its message
PIECE_BYTES = 512 * 1024  # well below the largest message that the server takes
LIMIT_BYTES = 16 * 1024 * 1024
PIECES_LIMIT = LIMIT_BYTES // PIECE_BYTES


class Contents:
    """Puts large bodies aside, and brings them back."""

    def __init__(self, client: Client, inbox: str, timeout_seconds: float) -> None:
        self._jetstream = client.jetstream()
        self._reader = DirectReader(client, CONTENT, f"{inbox}.content", timeout_seconds)
        self._leader = LeaderReader(client, CONTENT, timeout_seconds)
        self._timeout_seconds = timeout_seconds

    async def start(self) -> None:
        await self._reader.start()

    async def lighten(self, message: Encoded) -> Encoded:
        """The message as it is, or, if it is over the limit, without its body once that is stored.

        Raises:
            LogRefused: it is more than the store takes.
            LogUnavailable: the store did not answer.
        """
        size = len(message.body)
        if size <= OVER_BYTES:
            return message
        if size > LIMIT_BYTES:
            raise LogRefused(message.subject, 0, f"{size} bytes, of at most {LIMIT_BYTES}")
        sha256 = sha256_hex(message.body)
        places = places_of(message.subject, sha256)
        for place, start in zip(places, range(0, size, PIECE_BYTES), strict=False):
            await self._put(place, message.body[start : start + PIECE_BYTES])
        return Encoded(message.subject, {**message.headers, DATAREF: sha256}, b"")

    async def complete(self, message: Stored) -> Stored:
        """The message with its body.

        One whose content is not there stays as it is, and is not believed.

        Raises:
            LogUnavailable: the store did not answer.
        """
        sha256 = message.headers.get(DATAREF)
        if sha256 is None:
            return message
        body = await self._get(message.subject, sha256)
        if body is None:
            log.error("content.missing", subject=message.subject, sha256=sha256)
            return message
        headers = {name: value for name, value in message.headers.items() if name != DATAREF}
        return Stored(message.subject, headers, body, message.sequence, message.stored_at)

    async def _put(self, place: str, piece: bytes) -> None:
        """Store a piece where none lies yet: a fact that is said again has its content there."""
        message = Encoded(place, {EXPECTED: "0"}, piece)
        try:
            await store(self._jetstream, message, timeout_seconds=self._timeout_seconds)
        except LogRefused as error:
            if error.code != WRONG_LAST_SEQUENCE:
                raise

    async def _get(self, subject: str, sha256: str) -> bytes | None:
        """The content of a digest, whatever lies there; None where it is not whole."""
        places = places_of(subject, sha256)
        found = await self._reader.read(places[0].removesuffix("0") + "*", 1)
        pieces = {piece.subject: piece.body for piece in found}
        # By their places, for others may lie beside them.
        body = b"".join(pieces.get(place, b"") for place in places)
        if hashlib.sha256(body).hexdigest() == sha256:
            return body
        # A follower may lag; what the leader does not have, nobody has.
        return await self._get_from_leader(places, sha256)

    async def _get_from_leader(self, places: Sequence[str], sha256: str) -> bytes | None:
        body = b""
        for place in places:
            piece = await self._leader.last(place)
            if piece is None:
                break
            body += piece.body
        return body if hashlib.sha256(body).hexdigest() == sha256 else None


def places_of(subject: str, sha256: str) -> list[str]:
    """Where the pieces of a body lie whose fact has this subject."""
    run = parse_subject(subject)
    own = {"tenant": run.tenant, "run_id": run.run_id, "sha256": sha256}
    return [CONTENT_SUBJECT.format(**own, number=number) for number in range(PIECES_LIMIT)]


class LogReader(DirectReader):
    """Reads the log of runs, each message with its body."""

    def __init__(
        self, client: Client, inbox: str, timeout_seconds: float, stream: str = RUNS
    ) -> None:
        super().__init__(client, stream, inbox, timeout_seconds)
        self.contents = Contents(client, inbox, timeout_seconds)

    async def start(self) -> None:
        await super().start()
        await self.contents.start()

    async def complete(self, message: Stored) -> Stored:
        """A message that came some other way, with its body."""
        return await self.contents.complete(message)

    async def read(
        self, subject: str, first: int, until: int = 0, at_least: int = 0
    ) -> list[Stored]:
        found = await super().read(subject, first, until, at_least)
        return [await self.complete(message) for message in found]

    async def last(self, subject: str) -> Stored | None:
        found = await super().last(subject)
        return None if found is None else await self.complete(found)

    async def at(self, sequence: int) -> Stored | None:
        found = await super().at(sequence)
        return None if found is None else await self.complete(found)
