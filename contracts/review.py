"""Human review: the question, a person's answer, and what the orchestrator made of it."""

from typing import Literal

from .shape import Body, Sha256, UtcTime


class ReviewRequested(Body):
    """`review.requested`: a person is asked about one exact call.

    `about` is `call` (may it run?) or `outcome` (it was started; did it happen?).
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
    default: Literal["reject"] = "reject"


class ReviewAnswered(Body):
    """`review.answered`: what an authenticated person said, signed for them."""

    review_id: str
    decision: Literal["approve", "reject"]
    reason: str = ""
    principal: str
    roles: tuple[str, ...]
    arguments_sha256: Sha256
    nonce: str

    @property
    def branch(self) -> str:
        return self.nonce


class ReviewDecided(Body):
    """`review.decided`: the one outcome of a review."""

    review_id: str
    outcome: Literal["approved", "rejected", "expired", "withdrawn"]
    answer_id: str | None = None
    principal: str | None = None
    role: str | None = None
    arguments_sha256: Sha256
    reason: str = ""


class ReviewAnswerRefused(Body):
    """`review.answer_refused`: an answer that does not count, and why."""

    review_id: str
    rule: Literal["already_decided", "late", "wrong_role", "own_request", "other_arguments"]
    principal: str
    reason: str
