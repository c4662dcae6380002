"""What a vault has under a path, and what is asked of a vault."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Secret:
    """What lies under a path, and until when it may be used."""

    fields: Mapping[str, str] = field(repr=False)
    until: float = math.inf
    """By the clock of the vault; its lease, or that of the login that got it."""
    lease: str = ""
    """The id of its lease, if it was made for us."""


class Vault(Protocol):
    async def read(self, path: str, for_seconds: float) -> Secret | None:
        """What lies under a path; None where nothing does.

        Raises:
            CredentialsUnavailable: it could not be asked, or did not let us.
        """
        ...

    async def close(self, leases: tuple[str, ...]) -> None:
        """Give back what was leased, as far as it can be done at once."""
        ...
