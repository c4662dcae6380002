"""Human review: the question, a person's answer, and what the orchestrator made of it."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from .shape import Body, Sha256, UtcTime, sha256_hex

# Answers of one run that wait for their question.
ANSWERS_LIMIT = 1000
# What a person may write in place of the arguments, or of the result.
ARGUMENTS_LIMIT_BYTES = 65_536

Decision = Literal["approve", "edit", "reject", "respond"]


class EscalationStep(Body):
    """Who else may answer from a moment on."""

    at: UtcTime
    roles: tuple[str, ...]


class ReviewRequested(Body):
    """`review.requested`: people are asked about one exact call.

    `about` is `call` (may it run?) or `outcome` (it was started; did it happen?). `review_id` is
    the call and its attempt, so that it is known before the question is asked. At `expires_at` a
    question about a call has its `default` for an answer. One about an outcome has none: silence
    does not tell what happened. It is overdue then, and stays open, also when its run has ended.
    """

    review_id: str
    about: Literal["call", "outcome"]
    call: str
    attempt: int
    tool: str
    arguments_json: str
    arguments_sha256: Sha256
    roles: tuple[str, ...]
    reason: str
    expires_at: UtcTime
    default: Literal["reject", "cancel"] = "reject"
    quorum: int = Field(1, ge=1)
    escalations: tuple[EscalationStep, ...] = ()

    def is_expired(self, moment: datetime) -> bool:
        """Whether it is too late for an answer at a moment."""
        return self.about == "call" and moment >= self.expires_at

    def roles_at(self, moment: datetime) -> tuple[str, ...]:
        """Who may answer at a moment."""
        more = (role for step in self.escalations if step.at <= moment for role in step.roles)
        return tuple(dict.fromkeys((*self.roles, *more)))


class ReviewAnswered(Body):
    """`review.answered`: what an authenticated person said, signed for them.

    It follows from the run itself and names its review, so that it may come before the question.
    `arguments_sha256` is what the person saw; an edit brings its own arguments, and a response is
    told to the model in place of a result.
    """

    review_id: str
    decision: Decision
    reason: str = ""
    arguments_json: str | None = None
    response: str | None = None
    principal: str
    roles: tuple[str, ...]
    arguments_sha256: Sha256
    nonce: str

    @property
    def branch(self) -> str:
        return self.nonce

    @property
    def wanted_sha256(self) -> str:
        """The digest of the arguments that this person wants to run."""
        if self.arguments_json is None:
            return self.arguments_sha256
        return sha256_hex(self.arguments_json.encode())


class ReviewEscalated(Body):
    """`review.escalated`: nobody answered for so long, so more people are asked."""

    review_id: str
    level: int = Field(ge=1)
    roles: tuple[str, ...]

    @property
    def branch(self) -> str:
        return str(self.level)


class Approver(Body):
    """One person whose answer decided, in the role that counted."""

    answer_id: str
    principal: str
    role: str


class ReviewDecided(Body):
    """`review.decided`: the one outcome of a review, and whose answers made it.

    Many approve together; whoever rejects or responds decides alone. `arguments_sha256` is of what
    was approved; `arguments_json` is there where a person wrote it.
    """

    review_id: str
    outcome: Literal["approved", "edited", "rejected", "responded", "expired", "withdrawn"]
    approvers: tuple[Approver, ...] = ()
    arguments_sha256: Sha256
    arguments_json: str | None = None
    response: str | None = None
    reason: str = ""


RefusalRule = Literal[
    "already_decided",
    "late",
    "unknown",
    "run_over",
    "wrong_role",
    "own_request",
    "own_words",
    "not_a_person",
    "other_arguments",
    "bad_edit",
    "not_possible",
    "said_before",
    "too_many",
]


class ReviewAnswerRefused(Body):
    """`review.answer_refused`: an answer that does not count, and why."""

    review_id: str
    rule: RefusalRule
    principal: str
    reason: str
