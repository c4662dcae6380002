"""What the model decided at a step: its answer, why it stopped, what it used."""

from datetime import datetime
from typing import Annotated, Literal, cast

from pydantic import Field

from contracts.envelope import Fact
from contracts.history import Step
from contracts.history.approval import moment_of
from contracts.model import FailureKind, ModelFailed, ModelResponded, Refusal, StopKind
from contracts.money import Usage, UsageQuality
from services.console.rules.record.content import Content, Recorded, content_of


class CallWanted(Recorded):
    """One call that the model asked for, as it wrote it."""

    call: str
    tool: str
    arguments: Content


class Answered(Recorded):
    """The model answered."""

    state: Literal["answered"] = "answered"
    stop: StopKind
    stop_raw: str | None
    text: Content | None
    refusal: Content | None
    calls: tuple[CallWanted, ...]
    asks_a_person: bool = Field(description="One of its calls waits, or waited, for people")
    usage: Usage
    usage_quality: UsageQuality
    sequence: int
    at: datetime


class NoAnswer(Recorded):
    """No attempt brought an answer."""

    state: Literal["no_answer"] = "no_answer"
    kind: FailureKind
    reason: str
    http_status: int | None
    billed: Literal["nothing", "unknown"]
    sequence: int
    at: datetime


class Awaited(Recorded):
    """Nothing was decided: not yet, or, where the run is over, never."""

    state: Literal["awaited"] = "awaited"


Decided = Annotated[Answered | NoAnswer | Awaited, Field(discriminator="state")]


def decided(step: Step) -> Decided:
    """What became of the question to the model."""
    match step.outcome:
        case Fact(body=ModelResponded()) as fact:
            return _answered(step, cast("Fact[ModelResponded]", fact))
        case Fact(body=ModelFailed(failure=failure)) as fact:
            return NoAnswer(
                kind=failure.kind,
                reason=failure.reason,
                http_status=failure.http_status,
                billed=failure.billed,
                sequence=fact.sequence,
                at=moment_of(fact),
            )
        case _:
            return Awaited()


def _answered(step: Step, fact: Fact[ModelResponded]) -> Answered:
    said = fact.body
    refusals = [part.text or "" for part in said.parts if isinstance(part, Refusal)]
    return Answered(
        stop=said.stop.kind,
        stop_raw=said.stop.raw,
        text=content_of(said.text) if said.text else None,
        refusal=content_of("\n".join(refusals)) if refusals else None,
        calls=tuple(
            CallWanted(
                call=call.name,
                tool=call.part.name,
                arguments=content_of(call.part.arguments_json),
            )
            for call in step.calls
        ),
        asks_a_person=any(each.review for call in step.calls for each in call.tries),
        usage=said.usage,
        usage_quality=said.usage_quality,
        sequence=fact.sequence,
        at=moment_of(fact),
    )
