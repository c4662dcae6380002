"""The two bases of every shape on the wire, and the small types they are made of."""

import hashlib
import re
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

NAME_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"
MICRO = 1_000_000
_DURATION = re.compile(r"^(\d+)\s*(s|m|h|d)?$")
_SECONDS = {None: 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


class Written(BaseModel):
    """What a person writes: an unknown field is a mistake, and the error names it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Body(BaseModel):
    """What a service says: unknown fields are from a newer release, and are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @property
    def branch(self) -> str:
        """Tells siblings of one cause apart in their ids: "" where there is only one."""
        return ""

    @property
    def key(self) -> str:
        """The last token of the subject: "" where the subject has none."""
        return ""


def parse_duration(value: object) -> object:
    """Turn `90`, `"90s"`, `"15m"`, `"2h"` or `"1d"` into seconds; leave the rest to the type."""
    if isinstance(value, str) and (found := _DURATION.match(value.strip())):
        return int(found[1]) * _SECONDS[found[2]]
    return value


def to_micro_usd(usd: Decimal) -> int:
    """US dollars to whole micro-dollars. Rounds down, because it is used for caps."""
    return int((usd * MICRO).to_integral_value(rounding=ROUND_DOWN))


def sha256_hex(content: bytes) -> str:
    """Hex SHA-256, the digest that every contract means by `sha256`."""
    return hashlib.sha256(content).hexdigest()


Token = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
MicroUsd = Annotated[int, Field(ge=0)]
Usd = Annotated[Decimal, Field(gt=0, le=1_000_000, decimal_places=6)]
Seconds = Annotated[int, BeforeValidator(parse_duration), Field(gt=0, le=30 * 86400)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
UtcTime = AwareDatetime


def later(moment: datetime, seconds: float) -> datetime:
    """`moment` plus `seconds`."""
    return moment + timedelta(seconds=seconds)
