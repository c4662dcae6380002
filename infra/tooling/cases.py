"""What a tool must do: calls with what is expected of each, as `tool-tests.yaml` holds them."""

import json
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from contracts.shape import Token, Written
from contracts.tool import ToolFailed, ToolManifest, ToolSucceeded
from services.tool_executor.rules import ToolOutcome

FILE = "tool-tests.yaml"
CASES_LIMIT = 10_000
SHOWN_CHARACTERS = 300

Failure = Literal[
    "invalid_arguments",
    "refused",
    "error",
    "timed_out",
    "silent",
    "too_large",
    "unavailable",
    "unknown",
]


class Case(Written):
    """One call, and how it must end; without a word on that, it must succeed."""

    tool: Token
    name: str = Field("", description="What is tested, in a sentence")
    arguments: dict[str, Any] = Field(default_factory=dict)
    returns: Any = Field(None, description="The whole result, as JSON")
    contains: str | None = Field(None, description="Text that stands in the result")
    fails: Failure | None = None
    because: str | None = Field(None, description="Text that stands in the reason of the failure")
    twice: bool = Field(
        False, description="Called again under the same key, it must end in the same way"
    )

    @model_validator(mode="after")
    def _one_ending(self) -> Self:
        if self.fails and ({"returns", "contains"} & self.model_fields_set):
            raise ValueError("a call that fails returns nothing: leave out returns and contains")
        if self.because is not None and self.fails is None:
            raise ValueError("because is of a failure: say which, with fails")
        return self

    @property
    def title(self) -> str:
        return self.name or f"{self.tool} {json.dumps(self.arguments, ensure_ascii=False)}"

    @property
    def arguments_json(self) -> str:
        return json.dumps(self.arguments, ensure_ascii=False)


class CaseFile(Written):
    """`tool-tests.yaml`."""

    cases: Annotated[tuple[Case, ...], Field(min_length=1, max_length=CASES_LIMIT)]


def mistake(case: Case, outcome: ToolOutcome, manifest: ToolManifest) -> str | None:
    """What is not as the case says; None where all is."""
    ended = how(outcome)
    if ended != (case.fails or "succeeded"):
        return f"it {told(outcome)}; expected: {case.fails or 'succeeded'}"
    if isinstance(outcome, ToolSucceeded):
        return _wrong_result(case, outcome.output_json, manifest)
    if case.because is not None and case.because not in outcome.reason:
        return f"it {told(outcome)}; expected in the reason: {case.because!r}"
    return None


def how(outcome: ToolOutcome) -> str:
    """The kind of an outcome in a word."""
    if isinstance(outcome, ToolSucceeded):
        return "succeeded"
    return outcome.kind if isinstance(outcome, ToolFailed) else "unknown"


def told(outcome: ToolOutcome) -> str:
    """An outcome in half a sentence."""
    if isinstance(outcome, ToolSucceeded):
        return f"returned {outcome.output_json[:SHOWN_CHARACTERS]}"
    return f"ended as {how(outcome)}: {outcome.reason[:SHOWN_CHARACTERS]}"


def _wrong_result(case: Case, output_json: str, manifest: ToolManifest) -> str | None:
    result = json.loads(output_json)
    shown = output_json[:SHOWN_CHARACTERS]
    if "returns" in case.model_fields_set and result != case.returns:
        return f"it returned {shown}; expected: {json.dumps(case.returns, ensure_ascii=False)}"
    if case.contains is not None and case.contains not in (
        result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
    ):
        return f"it returned {shown}; expected in it: {case.contains!r}"
    absent = sorted(manifest.fields.keys() - _names(result))
    if absent and result:
        return f"the manifest names fields that the result has not: {', '.join(absent)}"
    return None


def _names(value: object) -> set[str]:
    """The names of all fields in a result, at any depth."""
    match value:
        case dict():
            return {str(name) for name in value}.union(*map(_names, value.values()))
        case list():
            return set().union(*map(_names, value))
        case _:
            return set()
