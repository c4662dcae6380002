"""Sessions of people in a browser: a signed cookie that holds no secret, and the way in by it.

A cookie names whose key or token it was opened with, by the id of the key or the digest of the
token; each request looks that up again, so that a revoked key ends its sessions at once. Replicas
sign with a secret of their common signing key, and need no table. Who signed out here is
remembered here: a copy of the cookie may open another replica until it ends by its age.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import AwareDatetime, ValidationError

from contracts.shape import Sha256, Token, Written
from shared.signing import Ed25519Signer

SECRET_BYTES, NONCE_BYTES = 32, 16
COOKIE_LIMIT_CHARACTERS = 1024
ENDED_LIMIT = 10_000  # sessions that were signed out of, and are not over by their age yet
PURPOSE = b"interlock console sessions v1"


class Session(Written):
    """Who is signed in: the holder of one key, or of one token of the file."""

    key_id: Token | None = None
    token_sha256: Sha256 | None = None
    until: AwareDatetime
    nonce: str


def secret_of(signer: Ed25519Signer | None) -> bytes:
    """What sessions are signed with: the same for all replicas that have the same key."""
    if signer is None:
        return secrets.token_bytes(SECRET_BYTES)
    return hashlib.sha256(signer.sign(PURPOSE).encode()).digest()


@dataclass
class Sessions:
    """Opens, reads and ends sessions."""

    secret: bytes = field(default_factory=lambda: secrets.token_bytes(SECRET_BYTES), repr=False)
    ended: "OrderedDict[str, datetime]" = field(default_factory=OrderedDict)

    def open(
        self, now: datetime, hours: float, *, key_id: str | None, token_sha256: str | None
    ) -> str:
        """The cookie of a new session."""
        session = Session(
            key_id=key_id,
            token_sha256=token_sha256,
            until=now + timedelta(hours=hours),
            nonce=secrets.token_hex(NONCE_BYTES),
        )
        told = base64.urlsafe_b64encode(session.model_dump_json(exclude_none=True).encode())
        return f"{told.decode()}.{self._mac('session', told.decode())}"

    def read(self, cookie: str | None, now: datetime) -> Session | None:
        """The session of a cookie; None where it is none of ours, too old, or was signed out of."""
        if cookie is None or len(cookie) > COOKIE_LIMIT_CHARACTERS:
            return None
        told, _, mac = cookie.partition(".")
        if not hmac.compare_digest(mac.encode(), self._mac("session", told).encode()):
            return None
        try:
            session = Session.model_validate(json.loads(base64.urlsafe_b64decode(told)))
        except (ValueError, ValidationError):
            return None
        return None if session.until <= now or session.nonce in self.ended else session

    def end(self, session: Session, now: datetime) -> None:
        """Sign out: the cookie opens nothing here from now on."""
        for nonce in [one for one, until in self.ended.items() if until <= now]:
            del self.ended[nonce]
        while len(self.ended) >= ENDED_LIMIT:
            self.ended.popitem(last=False)
        self.ended[session.nonce] = session.until

    def form_token(self, session: Session) -> str:
        """What a form of this session carries, and no page of another site knows."""
        return self._mac("form", session.nonce)

    def _mac(self, purpose: str, told: str) -> str:
        return hmac.new(self.secret, f"{purpose}:{told}".encode(), hashlib.sha256).hexdigest()
