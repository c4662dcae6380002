"""API keys as facts on the stream `KEYS`: who may do what over HTTP, until when, and who said so.

The key itself is nowhere: whoever holds it sends it, and the fact has its digest. A key is written
once, and a revocation ends it for good: another key takes its place.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from .control import REASON_LIMIT, Order
from .shape import Sha256, Token, UtcTime
from .subjects import KEY_CREATED, KEY_REVOKED
from .task import Name

Access = Literal["viewer", "operator", "approver", "admin"]
ROLES_LIMIT = 16
TENANTS_LIMIT = 64
KEY_DAYS_LIMIT = 366

Reason = Annotated[str, StringConstraints(max_length=REASON_LIMIT)]


class KeyCreated(Order):
    """`key.created`: who shows a key of this digest is this person, until it expires."""

    key_id: Token
    sha256: Sha256 = Field(description="Of the whole key, which has 256 random bits")
    principal: Name
    roles: Annotated[tuple[Token, ...], Field(min_length=1, max_length=ROLES_LIMIT)]
    tenants: Annotated[tuple[Token, ...], Field(max_length=TENANTS_LIMIT)] = Field(
        (), description="It sees and does nothing outside of them; none: all tenants"
    )
    expires_at: UtcTime
    created_by: str
    by_key: Token | None = Field(None, description="The key of whoever created it, if one")
    reason: Reason = ""

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if self.expires_at <= self.at:
            raise ValueError("a key expires after it was made")
        return self

    @property
    def subject(self) -> str:
        return KEY_CREATED.format(key_id=self.key_id)

    @property
    def told(self) -> str:
        return f"key of {self.principal} by {self.created_by}"


class KeyRevoked(Order):
    """`key.revoked`: the key opens nothing any more."""

    key_id: Token
    principal: str = Field(description="Who revoked it")
    by_key: Token | None = None
    reason: Reason = ""

    @property
    def subject(self) -> str:
        return KEY_REVOKED.format(key_id=self.key_id)

    @property
    def told(self) -> str:
        return f"revoked by {self.principal}"
