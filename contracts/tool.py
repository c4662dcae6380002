"""Tools: how one is declared, and the facts of a call. Requests on top, outcomes below."""

import inspect
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Literal, TypedDict, Unpack, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, JsonValue, create_model

from .manifest import (
    DEFAULT_OUTPUT_LIMIT_BYTES,
    DEFAULT_TIMEOUT_SECONDS,
    Effect,
    FieldKind,
    Sandbox,
    Sink,
    ToolManifest,
)
from .progress import Teller
from .shape import Body, Sha256, Token, UtcTime

__all__ = [
    "DEFAULT_OUTPUT_LIMIT_BYTES",
    "DEFAULT_TIMEOUT_SECONDS",
    "Declared",
    "Effect",
    "FieldKind",
    "Found",
    "Sandbox",
    "Sink",
    "ToolCallsRefused",
    "ToolClaimed",
    "ToolContext",
    "ToolFailed",
    "ToolManifest",
    "ToolRefused",
    "ToolRequested",
    "ToolSucceeded",
    "ToolUnknown",
    "arguments_model",
    "call_name",
    "is_refusal",
    "manifest_of",
    "tool",
    "wants_context",
]


class ToolContext(Teller):
    """What a tool is told of its call. The idempotency key stays the same over attempts."""

    model_config = ConfigDict(frozen=True)

    tenant: str
    run_id: str
    call: str
    attempt: int
    idempotency_key: str
    customer: str | None = None
    user: str | None = None
    labels: tuple[str, ...] = ()
    """Those of what the run had read: what is stored of it is given back as `Labelled`."""


class ToolRefused(Exception):
    """Raised by a tool that did nothing, and knows it: the model is told why.

    Of any other exception of a tool with effects nobody can tell how far it came, so the outcome
    is unknown: attempted again under its key if the tool is idempotent, else a person is asked.
    """


class Found(BaseModel):
    """What a reconciler found out about a call of which nobody knows whether it took effect.

    `happened` is None where it cannot tell; `result` is what the tool would have returned.
    """

    happened: bool | None
    result: JsonValue = None


class Declared(TypedDict, total=False):
    """What an author may say of a tool; what is left out is as `ToolManifest` has it."""

    effect: Effect
    idempotent: bool
    repeatable: bool
    reconcile: str
    sinks: dict[str, Sink]
    payload: Sequence[str]
    reveals: Sequence[str]
    fields: dict[str, FieldKind]
    price_usd: Decimal
    scopes: Sequence[str]
    sandbox: Sandbox
    output_trust: Literal["internal", "external"]
    readers: Sequence[str]
    timeout_seconds: float
    silent_seconds: float
    output_limit_bytes: int


def tool(**declared: Unpack[Declared]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a typed function as a tool; what may be said of it is in `Declared`.

    The docstring is what the model reads, the annotated parameters are its JSON Schema. A keyword
    parameter named `call`, annotated `ToolContext`, is filled in by the executor and hidden from
    the model.

    Raises:
        TypeError: the function has no docstring, or a parameter without annotation.
    """

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        manifest = ToolManifest(
            name=function.__name__,
            description=_description(function),
            parameters=arguments_model(function).model_json_schema(),
            module=function.__module__,
            function=function.__qualname__,
            **declared,
        )
        function.__interlock_manifest__ = manifest  # type: ignore[attr-defined]
        return function

    return declare


def manifest_of(function: Callable[..., Any]) -> ToolManifest | None:
    """The manifest that `@tool` left on the function, or None."""
    found = getattr(function, "__interlock_manifest__", None)
    if found is None or isinstance(found, ToolManifest):
        return found
    # Declared by way of the wheel, where the same classes have another module name.
    return ToolManifest.model_validate(found.model_dump())


def is_refusal(error: BaseException) -> bool:
    """Whether a tool's exception says that nothing happened; also one of the wheel's own class."""
    return any(kind.__name__ == ToolRefused.__name__ for kind in type(error).__mro__)


def arguments_model(function: Callable[..., Any]) -> type[BaseModel]:
    """A strict model of the parameters that the model may fill in."""
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if name == "call" and _is_context(hints.get(name)):
            continue
        if name not in hints:
            raise TypeError(f"tool {function.__name__}: annotate the parameter {name!r}")
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[name] = (hints[name], default)
    return create_model(function.__name__, __config__=ConfigDict(extra="forbid"), **fields)


def wants_context(function: Callable[..., Any]) -> bool:
    """Whether the function takes the keyword `call: ToolContext`."""
    return _is_context(get_type_hints(function).get("call"))


def _is_context(hint: object) -> bool:
    return isinstance(hint, type) and hint.__name__ == ToolContext.__name__


def _description(function: Callable[..., Any]) -> str:
    text = inspect.getdoc(function)
    if not text:
        raise TypeError(f"tool {function.__name__}: write a docstring; the model reads it")
    return text


# Requests


class ToolRequested(Body):
    """`tool.requested`: one call that the model wants, and the labels it had read by then."""

    step: int
    index: int = Field(ge=1, description="Place of the call among the calls of its step")
    attempt: int = Field(ge=1)
    call_id: str
    tool: str
    manifest_sha256: Sha256 | None = Field(
        None, description="None where the agent has no such tool"
    )
    arguments_json: str
    arguments_sha256: Sha256
    labels: tuple[str, ...] = Field(description="Integrity of what the model had read by then")
    approval_id: str | None = Field(None, description="Id of the review.decided that approved it")
    deadline: UtcTime

    @property
    def call(self) -> str:
        """Names the call within its run."""
        return call_name(self.step, self.index)

    @property
    def branch(self) -> str:
        return f"{self.index}-{self.attempt}"


# Outcomes


class ToolClaimed(Body):
    """`tool.claimed.<call>-<attempt>`: who may start the effect, or that nobody may any more."""

    call: str
    attempt: int
    nonce: str
    state: Literal["claimed", "revoked"]
    start_before: UtcTime | None = None
    time_limit_seconds: float | None = None
    child_run_id: Token | None = Field(None, description="The run that answers the call")

    @property
    def branch(self) -> str:
        return self.nonce

    @property
    def key(self) -> str:
        return f"{self.call}-{self.attempt}"


class ToolSucceeded(Body):
    """`tool.succeeded`: what the tool returned, as JSON text, not yet seen by any model."""

    call: str
    attempt: int
    output_json: str
    truncated: bool = False
    trust: Literal["internal", "external"] = "external"
    duration_ms: int = 0
    replayed_from: str | None = Field(
        None, description="Id of the recorded outcome, or the stub, that a shadow was given"
    )
    labels: tuple[str, ...] = Field(
        (), description="What the tool, or the run that answered, says of it beside its trust"
    )
    repeats: str | None = Field(
        None, description="The equal call of this run that has had this effect, and this result"
    )


class ToolFailed(Body):
    """`tool.failed`: the effect did not happen, or the tool said itself that it failed."""

    call: str
    attempt: int
    kind: Literal[
        "invalid_arguments", "refused", "error", "timed_out", "silent", "too_large", "unavailable"
    ]
    reason: str
    duration_ms: int = 0
    replayed_from: str | None = Field(
        None, description="Id of the recorded outcome, or the stub, that a shadow was given"
    )


class ToolCallsRefused(Body):
    """`tool.calls_refused`: the calls of a response beyond those that it may ask for at once.

    None of them is made, and the model is told so.
    """

    step: int = Field(ge=1)
    after: int = Field(ge=1, description="The last call of the response that is made")
    calls: int = Field(ge=1, description="How many are not")
    reason: str


class ToolUnknown(Body):
    """`tool.unknown`: the effect was started, and nobody can tell whether it happened."""

    call: str
    attempt: int
    reason: str


def call_name(step: int, index: int) -> str:
    """The name of a call within its run: `<step>-<index>`."""
    return f"{step}-{index}"
