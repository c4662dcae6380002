"""Deeds: what people did by HTTP that no fact of a run, no order and no release tells.

Each is signed by the console before it is carried out, so that nothing is done of which the stream
`AUDIT` does not tell. What became of it is told elsewhere, but for an erasure: whoever deletes
signs its end here, as nothing else is left that could tell. No name of a customer stands in here:
what is said here outlives those who are forgotten.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from .control import REASON_LIMIT, Order
from .shape import Sha256, Token, UtcTime, sha256_hex
from .subjects import AUDIT_DEED, CONSOLE, OBSERVER

ErasureKind = Literal["archive", "delete", "forget"]
Reason = Annotated[str, StringConstraints(max_length=REASON_LIMIT)]


class Deed(Order):
    """Who did it, when and why; `by_key` is the API key that they came with, if one."""

    name: ClassVar[str]
    owner: ClassVar[str] = CONSOLE

    principal: str
    by_key: Token | None = None
    reason: Reason = ""

    @property
    def subject(self) -> str:
        return AUDIT_DEED.format(deed=self.name)

    @property
    def told(self) -> str:
        return f"{self.name} by {self.principal}"


class ErasureAsked(Deed):
    """`erasure.asked`: runs are to leave the log for a file, or to be deleted for good."""

    name: ClassVar[str] = "erasure.asked"

    kind: ErasureKind
    tenant: Token
    run_id: Token | None = None
    person_sha256: Sha256 | None = Field(None, description="Who is to be forgotten")
    is_dry: bool = Field(default=False, description="Only to look")


class ErasureEnded(Deed):
    """`erasure.ended`: what became of an order to erase, said by who carried it out.

    It is by the principal who asked. `proof_sha256` is of the runs with their evidence, as
    `erasure_proof` writes them, so that a proof that somebody changed later is found out.
    """

    name: ClassVar[str] = "erasure.ended"
    owner: ClassVar[str] = OBSERVER

    number: int = Field(ge=1, description="Of the order: `interlock erasures show NUMBER`")
    kind: ErasureKind
    tenant: Token
    run_id: Token | None = None
    person_sha256: Sha256 | None = Field(None, description="Who was forgotten")
    is_dry: bool = False
    state: Literal["done", "refused", "failed"]
    runs: int = Field(ge=0, description="How many it was about")
    proof_sha256: Sha256


def erasure_proof(runs: Iterable[tuple[str, int | None, Mapping[str, Any] | None]]) -> Sha256:
    """The SHA-256 of the runs of an order: the id, tombstone and evidence of each, as JSON."""
    return sha256_hex(json.dumps(list(runs), sort_keys=True, separators=(",", ":")).encode())


class LetterDiscarded(Deed):
    """`letter.discarded`: nobody is to handle this dead letter again."""

    name: ClassVar[str] = "letter.discarded"

    number: int = Field(ge=1, description="Its sequence in the stream of dead letters")


class RunImported(Deed):
    """`run.imported`: a file is kept as this run, which the log does not have."""

    name: ClassVar[str] = "run.imported"

    tenant: Token
    run_id: Token
    digest: Sha256


class RebuildAsked(Deed):
    """`rebuild.asked`: the rows of every run are to be built again from the log."""

    name: ClassVar[str] = "rebuild.asked"


class BackfillAsked(Deed):
    """`backfill.asked`: the runs of these times of a schedule are to be started."""

    name: ClassVar[str] = "backfill.asked"

    tenant: Token
    schedule: str
    since: UtcTime
    until: UtcTime


DEEDS: tuple[type[Deed], ...] = (
    ErasureAsked,
    ErasureEnded,
    LetterDiscarded,
    RunImported,
    RebuildAsked,
    BackfillAsked,
)
