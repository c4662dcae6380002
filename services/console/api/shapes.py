"""What the API answers. Facts travel whole, so that whoever reads them can fold them again."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.control import ControlOrdered
from contracts.envelope import Fact
from contracts.shape import Body
from contracts.subjects import kind_of
from services.console.api.label_shapes import LabelView


class Shape(BaseModel):
    model_config = ConfigDict(frozen=True)


class FactView(Shape):
    """One fact of one run."""

    sequence: int
    id: str
    type: str
    tenant: str
    run_id: str
    cause_id: str
    owner: str
    time: datetime
    body: dict[str, Any]

    @classmethod
    def of(cls, fact: Fact[Body]) -> "FactView":
        return cls(
            sequence=fact.sequence,
            id=fact.id,
            type=fact.type,
            tenant=fact.tenant,
            run_id=fact.run_id,
            cause_id=fact.cause_id,
            owner=kind_of(fact.type).owner,
            time=fact.stored_at or fact.time,
            body=fact.body.model_dump(mode="json", exclude_none=True),
        )

    def fact(self) -> Fact[Body]:
        """The fact again.

        Raises:
            ValueError: a newer release said it, and its type is not known here.
        """
        return Fact(
            id=self.id,
            type=self.type,
            tenant=self.tenant,
            run_id=self.run_id,
            cause_id=self.cause_id,
            time=self.time,
            body=kind_of(self.type).body.model_validate(self.body),
            sequence=self.sequence,
            stored_at=self.time,
        )


class Accepted(Shape):
    """A task that became a run."""

    tenant: str
    run_id: str
    status: str
    created: bool


class ExcerptView(Shape):
    """A piece of a text with what was searched for; each place begins and ends in the piece."""

    text: str
    places: tuple[tuple[int, int], ...]


class RunLine(Shape):
    """A run in a list, as the read model has it."""

    tenant: str
    run_id: str
    agent: str
    agent_version: str | None
    customer: str | None
    feature: str | None
    user: str | None
    input: str
    kinds: tuple[str, ...]
    parent: str | None
    root: str | None
    tools: tuple[str, ...]
    models: tuple[str, ...]
    metadata: dict[str, str]
    status: str
    steps: int
    cost_micro_usd: int
    submitted_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    duration_ms: int | None
    rule: str | None
    why: str
    answer: str | None
    score: float | None
    passed: bool | None
    archived_at: datetime | None
    last_sequence: int
    excerpt: ExcerptView | None = None


class ReviewLine(Shape):
    """A question to a person. `id` names it for answers: `<run>.<review>`."""

    id: str
    tenant: str
    run_id: str
    state: str
    about: str
    tool: str
    call: str
    arguments_json: str
    arguments_sha256: str
    roles: tuple[str, ...]
    quorum: int
    default: str
    reason: str
    asked_at: datetime | None
    expires_at: datetime = Field(
        description="About a call: its default then decides. About an outcome: when it is overdue"
    )
    decided_at: datetime | None = None
    decided_by: str | None = None
    decision: str = ""
    edited_json: str | None = None
    response: str | None = None


Standing = Literal["waits", "decided", "replaced", "outvoted", "refused"]


class AnswerView(Shape):
    """What one person said to a question. It waits for others, or what became of it."""

    answer_id: str
    principal: str
    roles: tuple[str, ...]
    decision: str
    reason: str
    arguments_json: str | None
    wanted_sha256: str
    response: str | None
    at: datetime
    standing: Standing
    refused: str | None


class LadderStep(Shape):
    """Who else is asked from a moment on."""

    level: int
    at: datetime
    roles: tuple[str, ...]
    asked: bool


class ReviewView(ReviewLine):
    """One question, with who said what, how many agree, and who is asked next."""

    requester: str | None
    agreed: int
    answers: tuple[AnswerView, ...]
    ladder: tuple[LadderStep, ...]


class CallView(Shape):
    """One tool call of a step, over all its attempts."""

    call: str
    tool: str
    arguments_json: str
    attempts: int
    verdict: str | None
    rule: str | None
    reason: str | None
    outcome: str | None
    result: str | None
    review: ReviewLine | None


class StepView(Shape):
    """One turn of the loop."""

    step: int
    alias: str
    attempts: int
    outcome: str | None
    model: str | None
    text: str
    cost_micro_usd: int
    calls: tuple[CallView, ...]


class RunView(Shape):
    """A run as its facts say it, folded now."""

    tenant: str
    run_id: str
    agent: str
    agent_version: str | None
    status: str
    input: str
    customer: str | None
    feature: str | None
    cost_micro_usd: int
    steps: tuple[StepView, ...]
    reviews: tuple[ReviewLine, ...]
    answer: str | None
    why: str
    evaluation: dict[str, Any] | None
    labels: tuple[LabelView, ...] = ()
    parent: str | None = None
    children: tuple[str, ...] = ()
    last_sequence: int
    seconds: float | None = Field(None, description="To its end, waits for people left out")
    approvals: int = Field(0, description="How often a person was asked, or would have been")
    refusals: int = Field(0, description="How often a gate refused something")
    unsettled: int = Field(0, description="Model calls whose cost is not known yet")


class PromptView(Shape):
    """What the model saw at a step, rebuilt, and whether its digest is the recorded one."""

    step: int
    position: int
    sha256: str
    recorded_sha256: str
    matches: bool
    prompt: dict[str, Any]


class Answered(Shape):
    """An answer that was recorded, and what became of it while we waited."""

    review: str
    answer_id: str
    sequence: int
    outcome: str
    reason: str = ""


class ControlAsked(Shape):
    """What was asked of a run; the run itself tells what became of it."""

    tenant: str
    run_id: str
    sequence: int
    status: str


class InputAnswer(Shape):
    """An input that was recorded, and what became of it while we waited."""

    tenant: str
    run_id: str
    input_id: str
    sequence: int
    outcome: str
    reason: str


class OrderView(Shape):
    """An order for all runs of a scope."""

    scope: str
    name: str | None
    state: str
    principal: str
    reason: str
    at: datetime
    pin_sha256: str | None = None

    @classmethod
    def of(cls, order: ControlOrdered) -> "OrderView":
        return cls(**order.model_dump(exclude={"nonce"}))


class CostReport(Shape):
    """Lines by dimension, the most expensive first."""

    by: tuple[str, ...]
    lines: tuple[dict[str, Any], ...]
    total_micro_usd: int
