"""Verdicts of the gates: on the task, on a tool call, on its result, on the answer."""

from typing import Literal

from pydantic import Field

from .agent import Assigned, Escalation
from .shape import Body, Sha256, Token, UtcTime


class CheckFinding(Body):
    """What one check saw. One that asked a model tells in which run, and what that quoted."""

    check: str
    severity: Literal["note", "redact", "block"]
    rule: str
    reason: str
    run_id: Token | None = None
    quote: str | None = Field(None, description="Found in the content, after what was taken out")


class Vaulted(Body):
    """A passage that a token stands for in what was cleared: where it lies in what was said."""

    token: str
    kind: Token
    start: int = Field(ge=0)
    end: int = Field(ge=0, description="Behind its last character")


class Verdict(Body):
    """What every verdict tells: the rule, the version of the policy, and a sentence."""

    rule: str
    policy_version: str
    reason: str
    findings: tuple[CheckFinding, ...] = ()


class TextCleared(Verdict):
    """A text may be shown to a model, with tokens in the place of what only tools may be given."""

    vaulted: tuple[Vaulted, ...] | None = Field(None, description="What each token stands for")


class TaskCleared(TextCleared):
    """`task.cleared`: the input may be shown to a model, as it stands in `input`."""

    input: str
    labels: tuple[str, ...] = ("user",)
    assigned: Assigned | None = Field(
        None, description="The release that the run is of; absent: the agent as it is configured"
    )


class TaskBlocked(Verdict):
    """`task.blocked`: the task is not run. A task that does not parse ends here too."""

    assigned: Assigned | None = Field(
        None, description="The release by whose checks it was blocked"
    )


class ToolCleared(Verdict):
    """`tool.cleared`: permission for one call, bound to exactly what was asked."""

    call: str
    attempt: int
    tool: str
    manifest_sha256: Sha256
    arguments_sha256: Sha256
    approval_id: str | None = None
    expires_at: UtcTime


class ToolBlocked(Verdict):
    """`tool.blocked`: the call is not made, and the model is told so."""

    call: str
    attempt: int


class ToolEscalated(Verdict):
    """`tool.escalated`: only a person in one of `roles` may clear it."""

    call: str
    attempt: int
    roles: tuple[str, ...]
    expires_seconds: int = Field(gt=0)
    default: Literal["reject", "cancel"] = "reject"
    quorum: int = Field(1, ge=1)
    escalate: tuple[Escalation, ...] = ()


class ResultCleared(TextCleared):
    """`result.cleared`: what the model will see of a tool's result, with its label."""

    call: str
    text: str | None = Field(None, description="Absent where it is what the tool returned")
    is_error: bool = False
    label: str = Field(description="Such as tool:find_order, or external")
    labels: tuple[str, ...] = Field((), description="Beside it: who may see it, if not anybody")


class ResultBlocked(Verdict):
    """`result.blocked`: the model sees only that the result was withheld."""

    call: str


class InputCleared(TextCleared):
    """`input.cleared`: a follow-up may be shown to a model, as it stands in `text`."""

    text: str
    labels: tuple[str, ...] = ("user",)


class InputBlocked(Verdict):
    """`input.blocked`: a follow-up is not shown."""


class AnswerCleared(Verdict):
    """`answer.cleared`: the answer may leave, as it stands in `text`."""

    text: str


class AnswerBlocked(Verdict):
    """`answer.blocked`: the answer does not leave."""
