"""A case of a suite, and a run that tries it.

A trial is a run like any other: the same gates, ledger and limits. It carries what it is scored by,
so that the log alone tells what a score means. Unless its tools may act, it is a shadow: a call is
answered by the stub that fits it, and any other is refused.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, StringConstraints, model_validator

from .agent import Agent
from .scoring import Scorers
from .shape import Token, Written

STUBS_LIMIT = 200
INSTRUCTIONS_LIMIT = 65_536
REPEATS_LIMIT = 100
TAGS_LIMIT = 32
NAME_CHARACTERS = 40  # of an experiment's name in the ids of its trials
SEED_LIMIT = 2**31 - 1  # what every provider that takes a seed takes
EVALUATION = "evaluation"  # the feature that trials and judges are charged to
GUARDRAIL_FEATURE = "guardrail"  # and the one that checks are, which ask a model

Answer = Literal["approve", "reject"]
JudgesAsked = Annotated[
    Literal["always", "if_passed"],
    Field(description="`if_passed`: nobody judges an answer that a cheaper scorer has failed"),
]
JUDGES_ASKED: Literal["always"] = "always"


class Stub(Written):
    """What a tool answers in a trial: to calls that have these arguments, among others or alone.

    Without `arguments` it fits every call of the tool. Of several that fit, each is used once, in
    their order, and the last one from then on.
    """

    tool: Token
    arguments: dict[str, JsonValue] | None = None
    result: JsonValue = None
    error: Annotated[str, StringConstraints(min_length=1, max_length=4096)] | None = None

    @model_validator(mode="after")
    def _answers_once(self) -> Self:
        if self.error is not None and self.result is not None:
            raise ValueError("a stub has a result or an error, not both")
        return self


class Trial(Written):
    """What a task tries, of which experiment it is a part, and by what it is scored."""

    experiment: Token
    arm: Token = "candidate"
    case: Token
    repeat: Annotated[int, Field(ge=1, le=REPEATS_LIMIT)] = 1
    seed: Annotated[int, Field(ge=0, le=SEED_LIMIT)] | None = Field(
        None, description="What models are asked to draw by; alike in all arms of a case and repeat"
    )
    definition: Agent | None = Field(
        None, description="The whole agent to try in place of the platform's; it touches nothing"
    )
    model: Token | None = Field(None, description="Another alias than the agent's")
    instructions: (
        Annotated[str, StringConstraints(min_length=1, max_length=INSTRUCTIONS_LIMIT)] | None
    ) = Field(None, description="Other instructions than the agent's")
    tools: Literal["stubbed", "real"] = Field(
        "stubbed", description="`real` only where the platform says that its tools are a sandbox"
    )
    stubs: Annotated[tuple[Stub, ...], Field(max_length=STUBS_LIMIT)] = ()
    reviews: Answer = Field("reject", description="What a person is taken to answer in a shadow")
    scorers: Scorers = ()
    judges: JudgesAsked = JUDGES_ASKED
    tags: Annotated[tuple[Token, ...], Field(max_length=TAGS_LIMIT)] = Field(
        (), description="Of its case: so the log alone tells which cases are critical"
    )
    cluster: Token | None = Field(None, description="Of its case: which others fail with it")


def trial_prefix(experiment: str) -> str:
    """How the ids of the trials of an experiment begin."""
    return f"{experiment[:NAME_CHARACTERS]}-"
