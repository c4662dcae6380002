"""What a tool is and may do, as its author declared it: pinned by its hash when a run starts."""

import json
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from .labels import READERS_LIMIT, Reader
from .progress import check_silence
from .shape import Token, Written, sha256_hex

Effect = Literal["read", "write", "egress", "money", "credential", "destructive"]
Sink = Literal["destination", "amount", "id", "credential"]
FieldKind = Literal["destination", "amount", "id", "name"]
Sandbox = Literal["in_process", "process", "jail", "wasm"]
DEFAULT_TIMEOUT_SECONDS = 30.0
DEFAULT_OUTPUT_LIMIT_BYTES = 65_536
# While they are empty they are not hashed: runs that were pinned before they came go on.
_CAME_LATER = (
    *("payload", "fields", "price_usd", "silent_seconds"),
    *("reveals", "repeatable", "reconcile"),
)


class ToolManifest(Written):
    """What a tool is and may do. Pinned by its hash when a run starts."""

    name: Token
    description: Annotated[str, StringConstraints(min_length=1, max_length=4096)]
    parameters: dict[str, object]
    effect: Effect = "read"
    idempotent: bool = False
    repeatable: bool = Field(
        False, description="Equal calls in one run are each meant, and each made"
    )
    sinks: dict[str, Sink] = Field(
        default_factory=dict, description="Arguments that decide who or what is affected"
    )
    payload: tuple[str, ...] = Field((), description="Arguments that leave as they are written")
    reveals: tuple[str, ...] = Field(
        (), description="Arguments in which it is given what was vaulted, and not its token"
    )
    fields: dict[str, FieldKind] = Field(
        default_factory=dict,
        description="What the fields of its result are that can carry no sentence of an outsider",
    )
    price_usd: Decimal = Field(
        Decimal(0), ge=0, le=1_000_000, description="What one call costs, as its author says"
    )
    scopes: tuple[str, ...] = ()
    sandbox: Sandbox = "process"
    output_trust: Literal["internal", "external"] = "external"
    readers: Annotated[tuple[Reader, ...], Field(max_length=READERS_LIMIT)] | None = Field(
        None, description="Who may see what it returns; absent: anybody"
    )
    timeout_seconds: float = Field(DEFAULT_TIMEOUT_SECONDS, gt=0, le=3600)
    silent_seconds: float | None = Field(
        None, ge=1, le=3600, description="It is stopped when it tells no progress for so long"
    )
    output_limit_bytes: int = Field(DEFAULT_OUTPUT_LIMIT_BYTES, gt=0, le=1_048_576)
    module: str = ""
    function: str = ""
    reconcile: str = Field(
        "", description="The function beside it that finds out whether a call took effect"
    )
    agent: Token | None = Field(None, description="The agent that a call of it runs, if it is one")
    handoff: bool = Field(False, description="Its answer is the answer of the calling run")

    @model_validator(mode="after")
    def _silence_ends_before_the_time_limit(self) -> Self:
        check_silence(self.silent_seconds, self.timeout_seconds)
        return self

    @property
    def sha256(self) -> str:
        later = {name for name in _CAME_LATER if not getattr(self, name)}
        if self.readers is None:
            later.add("readers")  # Nobody is not the same as anybody.
        canonical = json.dumps(self.model_dump(mode="json", exclude=later), sort_keys=True)
        return sha256_hex(canonical.encode())
