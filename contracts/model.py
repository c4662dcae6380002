"""Model calls: requests on top, outcomes below.

The parts cover OpenAI Chat, OpenAI Responses and Anthropic Messages. What only one provider
understands travels as `Opaque` and goes back byte for byte to that provider, and to no other.
"""

from typing import Annotated, Literal

from pydantic import Field

from .money import Usage, UsageQuality
from .shape import Body, Sha256, Token, UtcTime


class Text(Body):
    kind: Literal["text"] = "text"
    text: str


class Image(Body):
    kind: Literal["image"] = "image"
    media_type: str
    sha256: Sha256 | None = None
    url: str | None = None


class ToolCall(Body):
    """A call as the model wrote it: the arguments stay text, for they may not be JSON at all."""

    kind: Literal["tool_call"] = "tool_call"
    call_id: str
    name: str
    arguments_json: str


class ToolResult(Body):
    kind: Literal["tool_result"] = "tool_result"
    call_id: str
    parts: tuple[Annotated[Text | Image, Field(discriminator="kind")], ...]
    is_error: bool = False


class Opaque(Body):
    """A provider's own block, replayed only to the same provider and API."""

    kind: Literal["opaque"] = "opaque"
    provider: str
    api: str
    model: str
    blob_json: str


class Reasoning(Body):
    kind: Literal["reasoning"] = "reasoning"
    text: str | None = None
    opaque: Opaque | None = None


class Refusal(Body):
    kind: Literal["refusal"] = "refusal"
    text: str | None = None
    category: str | None = None


Part = Annotated[
    Text | Image | ToolCall | ToolResult | Reasoning | Refusal | Opaque, Field(discriminator="kind")
]


class Turn(Body):
    role: Literal["user", "assistant", "tool"]
    parts: tuple[Part, ...]


class ToolOffer(Body):
    """A tool as the model sees it."""

    name: str
    description: str
    parameters: dict[str, object]


class Prompt(Body):
    """Everything that a model sees at one step."""

    instructions: str
    turns: tuple[Turn, ...]
    tools: tuple[ToolOffer, ...]


class Route(Body):
    """One concrete way to a model."""

    provider: str
    api: Literal["openai.chat", "openai.responses", "anthropic.messages", "fake"]
    model: str


StopKind = Literal["ok", "needs_tools", "truncated", "refused", "paused", "unmapped"]


class Stop(Body):
    """Why the model stopped: our word, and the provider's."""

    kind: StopKind
    raw: str | None = None


class ServedBy(Body):
    route: Route
    model_returned: str | None = None
    request_id: str | None = None
    service_tier: str | None = None


class DroppedParameter(Body):
    """Something that the provider cannot take, and that was left out of the call."""

    name: str
    reason: str


FailureKind = Literal[
    "rate_limited", "unavailable", "timed_out", "invalid", "denied", "malformed", "lost", "refused"
]


class AttemptFailure(Body):
    """What is known of an attempt that brought no answer.

    `billed` says what it may have cost: `nothing` where the provider refused it, `unknown` where
    it may have worked. An unknown attempt stays a liability at its full hold.
    """

    kind: FailureKind
    route: Route | None = None
    reason: str
    http_status: int | None = None
    retry_after_seconds: float | None = None
    billed: Literal["nothing", "unknown"]


# Requests


class ModelRequested(Body):
    """`model.requested`: the next step. Its prompt is rebuilt from the log, to the digest."""

    step: int = Field(ge=1)
    alias: Token
    position: int = Field(description="Sequence of the last fact that was folded")
    prompt_sha256: Sha256
    prompt_bytes: int = Field(ge=0, description="Length of the canonical JSON of the prompt")
    max_output_tokens: int = Field(gt=0)
    deadline: UtcTime
    attempt: Literal[1] = 1
    purpose: Literal["step", "summary"] = Field(
        "step", description="A summary is asked for by the context policy, and calls no tools"
    )
    seed: int | None = Field(
        None, ge=0, description="What a trial asks the model to draw by, where the API takes one"
    )


class ModelAttemptRequested(Body):
    """`model.attempt_requested`: another attempt at the same step, to be funded on its own."""

    step: int
    attempt: int = Field(ge=2)
    role: Literal["retry", "fallback", "hedge"]
    route: Route
    not_before: UtcTime
    previous: AttemptFailure
    deferred: bool = Field(
        default=False,
        description="It waits by a timer: nothing is funded for it before `model.attempt_due`",
    )

    @property
    def branch(self) -> str:
        return str(self.attempt)


class ModelAttemptDue(Body):
    """`model.attempt_due`: a deferred attempt has waited for its time, and may be funded."""

    step: int
    attempt: int = Field(ge=2)


# Outcomes


class ModelClaimed(Body):
    """`model.claimed.<step>-<attempt>`: who may dispatch, or that nobody may any more."""

    step: int
    attempt: int
    nonce: str
    state: Literal["claimed", "revoked"]
    start_before: UtcTime | None = None
    time_limit_seconds: float | None = None
    route: Route | None = None
    chance: float | None = Field(
        None, gt=0, le=1, description="Of the route to be drawn, where the alias has weights"
    )

    @property
    def branch(self) -> str:
        return self.nonce

    @property
    def key(self) -> str:
        return attempt_key(self.step, self.attempt)


class ModelResponded(Body):
    """`model.responded`: the answer of one attempt, with what it used."""

    step: int
    attempt: int
    parts: tuple[Part, ...]
    stop: Stop
    usage: Usage
    usage_quality: UsageQuality
    usage_raw: dict[str, object] = Field(default_factory=dict)
    served_by: ServedBy
    dropped: tuple[DroppedParameter, ...] = ()
    duration_ms: int = 0

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        return tuple(part for part in self.parts if isinstance(part, ToolCall))

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, Text))


class ModelFailed(Body):
    """`model.failed`: no attempt is left to make."""

    step: int
    attempt: int
    failure: AttemptFailure


def attempt_key(step: int, attempt: int) -> str:
    """The last token of a claim's subject."""
    return f"{step}-{attempt}"
