"""What an operator says of a tool that cannot say it itself, in the words of `@tool`."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, StringConstraints

from contracts.labels import READERS_LIMIT, Reader
from contracts.shape import Seconds, Written
from contracts.tool import Effect, FieldKind, Sink

ARGUMENTS_LIMIT = 64

VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")]


class ToolWords(Written):
    """What a tool is and may do, which nobody but its operator can say."""

    effect: Effect
    idempotent: bool = False
    repeatable: bool = False
    sinks: dict[str, Sink] = Field(default_factory=dict, max_length=ARGUMENTS_LIMIT)
    payload: Annotated[tuple[str, ...], Field(max_length=ARGUMENTS_LIMIT)] = ()
    reveals: Annotated[tuple[str, ...], Field(max_length=ARGUMENTS_LIMIT)] = ()
    fields: dict[str, FieldKind] = Field(default_factory=dict)
    price_usd: Decimal = Field(Decimal(0), ge=0, le=1_000_000)
    scopes: tuple[str, ...] = ()
    output_trust: Literal["internal", "external"] = "external"
    readers: Annotated[tuple[Reader, ...], Field(max_length=READERS_LIMIT)] | None = None
    timeout_seconds: Seconds | None = Field(
        None, validation_alias=AliasChoices("timeout_seconds", "timeout")
    )
    silent_seconds: Seconds | None = Field(
        None, validation_alias=AliasChoices("silent_seconds", "silent")
    )
    output_limit_bytes: Annotated[int, Field(gt=0, le=1_048_576)] | None = None
    errors_do_nothing: bool = Field(
        False, description="Where it ends with an error, it has done nothing"
    )

    def manifest_words(self) -> dict[str, Any]:
        """What of it goes into the manifest as it stands."""
        names = ToolWords.model_fields.keys() - {"errors_do_nothing"}
        return self.model_dump(include=set(names), exclude_none=True)
