"""API keys as facts on the stream `KEYS`: who may do what over HTTP, until when, and who said so.

The key itself is nowhere: whoever holds it sends it, and the fact has its digest. A key is written
once, and a revocation ends it for good: another key takes its place.

Nobody makes a key in the name of another person: people make their own, the first one on an
invitation, and what others make for a program says so in its name. So who did something, by the
records, is who could do it.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from .control import REASON_LIMIT, Order
from .ids import is_same_person, is_service
from .shape import Sha256, Token, UtcTime
from .subjects import KEY_CREATED, KEY_REVOKED
from .task import Name

Access = Literal["viewer", "operator", "approver", "admin"]
OF_SERVICES: tuple[Access, ...] = ("viewer", "operator")  # a program decides nothing
ROLES_LIMIT = 16
TENANTS_LIMIT = 64
KEY_DAYS_LIMIT = 366

Reason = Annotated[str, StringConstraints(max_length=REASON_LIMIT)]


class KeyCreated(Order):
    """`key.created`: who shows a key of this digest is this person, until it expires.

    An invitation opens nothing: its person makes a key of their own by it, with the same roles.
    """

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
    is_invitation: bool = False
    invited_by: str | None = Field(None, description="Who invited whoever made their first key")
    reason: Reason = ""

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if self.expires_at <= self.at:
            raise ValueError("a key expires after it was made")
        return self

    @model_validator(mode="after")
    def _is_of_whom_it_names(self) -> Self:
        is_own = is_same_person(self.principal, self.created_by)
        if not (is_own or self.is_invitation or is_service(self.principal)):
            raise ValueError("a person's key is made by that person")
        if is_service(self.principal) and not set(self.roles) <= set(OF_SERVICES):
            raise ValueError(f"a service has no roles but {', '.join(OF_SERVICES)}")
        return self

    @property
    def subject(self) -> str:
        return KEY_CREATED.format(key_id=self.key_id)

    @property
    def told(self) -> str:
        what = "invitation" if self.is_invitation else "key"
        return f"{what} of {self.principal} by {self.created_by}"


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
