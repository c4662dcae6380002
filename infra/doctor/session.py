"""A short connection to NATS under the key of one user, which never waits for a lost server."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import nats
import nats.errors
import nkeys
from nats.aio.client import Client
from nats.js import JetStreamContext

from shared.connection import CA_VARIABLE, inbox_prefix, tls_to
from shared.errors import ConfigError

from .errors import NotLetIn, Unanswered, Unexaminable
from .installation import Installation

CONNECT_SECONDS = 2.0
REQUEST_SECONDS = 3.0
VIOLATION = "permissions violation"


@dataclass(slots=True)
class Session:
    """The connection, and what the server has refused on it."""

    client: Client
    refusals: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    async def refusal_of(self, subject: str) -> str:
        """Wait until the server refuses a message on this subject, and give its words."""
        while True:
            said = await self.refusals.get()
            if VIOLATION in said and f'"{subject}"' in said:
                return said

    @property
    def jetstream(self) -> JetStreamContext:
        return self.client.jetstream(timeout=REQUEST_SECONDS)


@asynccontextmanager
async def session(installation: Installation, user: str) -> AsyncIterator[Session]:
    """Connected as `user` for the length of the block.

    Raises:
        Unexaminable: no server is known, or the key of the user is not on this machine.
        NotLetIn: no server answers, or the server refuses the key.
        Unanswered: in the block, a request was refused or not answered.
    """
    servers = installation.required_nats()
    seed = installation.nkey_file(user)
    if not seed.is_file():
        raise Unexaminable(f"the key of {user} is not on this machine ({seed})")
    tls = _tls_of(installation)
    refusals = asyncio.Queue[str]()

    async def note(error: Exception) -> None:
        refusals.put_nowait(str(error).lower())

    try:
        client = await nats.connect(
            list(servers),
            name="doctor",
            nkeys_seed=str(seed),
            inbox_prefix=inbox_prefix(user).encode(),
            tls=tls,
            tls_handshake_first=tls is not None,
            connect_timeout=int(CONNECT_SECONDS),
            # Each named server once: of a cluster a node may be away.
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
            error_cb=note,
        )
    # nkeys lets errors of base32 and of its own slicing through beside its own.
    except (OSError, nats.errors.Error, nkeys.NkeysError, ValueError, IndexError) as error:
        # What the last server said tells more than that none was left.
        said = "" if refusals.empty() else refusals.get_nowait()
        raise NotLetIn(user, said or f"{type(error).__name__}: {error}") from error
    try:
        yield Session(client, refusals)
    except nats.errors.Error as error:
        raise Unanswered(str(error) or type(error).__name__) from error
    finally:
        await client.close()


def _tls_of(installation: Installation) -> ssl.SSLContext | None:
    ca_file = installation.environment.get(CA_VARIABLE)
    try:
        return tls_to(Path(ca_file) if ca_file else None)
    except ConfigError as error:
        raise Unexaminable(str(error)) from error
