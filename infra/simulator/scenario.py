"""The shape of a scenario file: who it answers, and what it says turn by turn."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator

from infra.simulator.faults import Fault
from infra.simulator.templates import template_names

MAX_TURNS = 200
MAX_CALLS_A_TURN = 64
MAX_DELAY_MS = 60_000
KNOWN_ROOTS = ("match", "when", "result", "user", "latest_user", "model", "step")


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from error
    return pattern


Regex = Annotated[str, AfterValidator(_compiles)]
Tokens = Annotated[int, Field(ge=0, le=100_000_000)]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Match(_Shape):
    """Which requests a scenario answers; everything that is given must fit."""

    model: str | None = None
    """A model name; `*` stands for any letters."""
    user: Regex | None = None
    """Searched in the first user text."""
    system: Regex | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.model is None and self.user is None and self.system is None:
            raise ValueError("give at least one of model, user, system (model: '*' fits all)")
        return self


class When(_Shape):
    """When a turn interrupts the script; everything that is given must hold."""

    tool: str | None = None
    """One of the latest results came from this tool."""
    tool_result_matches: Regex | None = None
    """Searched in the results that came since the last answer."""
    user_matches: Regex | None = None
    """Searched in the latest user text."""
    at_step: Annotated[int, Field(ge=0)] | None = None
    """So many answers were given before."""
    chance: Annotated[float, Field(ge=0, le=1)] | None = None
    """Drawn once for each conversation, from the seed, the scenario, the turn, the opening."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError(f"give at least one of {', '.join(type(self).model_fields)}")
        return self


class ScriptedCall(_Shape):
    """One tool call; `arguments_text` is sent as it is, for arguments that are not JSON."""

    tool: Annotated[str, Field(min_length=1)]
    arguments: dict[str, JsonValue] = {}
    arguments_text: str | None = None


class UsageOverride(_Shape):
    """Tokens to report instead of the estimate; the buckets do not overlap."""

    input_uncached: Tokens | None = None
    cache_read: Tokens | None = None
    cache_write: Tokens | None = None
    output: Tokens | None = None
    reasoning: Tokens | None = None


class Turn(_Shape):
    """One answer of the model."""

    when: When | None = None
    say: str | Annotated[list[str], Field(min_length=1)] | None = None
    """The text; of a list, one is drawn for each conversation."""
    reasoning: str | None = None
    call: Annotated[list[ScriptedCall], Field(max_length=MAX_CALLS_A_TURN)] = []
    refuse: str | None = None
    stop: Literal["length", "content_filter"] | None = None
    usage: UsageOverride = UsageOverride()
    delay_ms: Annotated[int, Field(ge=0, le=MAX_DELAY_MS)] = 0
    repeat: Annotated[int, Field(ge=1, le=MAX_TURNS)] | Literal["forever"] = 1
    fault: Fault | None = None

    @model_validator(mode="after")
    def _answers(self) -> Self:
        if self.refuse is not None and (self.say is not None or self.call):
            raise ValueError("refuse stands alone: take say and call away, or refuse")
        always_refused = self.fault and self.fault.refuses and self.fault.times is None
        if self.say is None and not self.call and self.refuse is None and not always_refused:
            raise ValueError("give one of say, call, refuse (or a refusing fault without times)")
        return self

    def strings(self) -> list[str]:
        """Every text of the turn in which a template may stand."""
        says = self.say if isinstance(self.say, list) else [self.say or ""]
        raw = [call.arguments_text or "" for call in self.call]
        nested = [text for call in self.call for text in _texts(call.arguments)]
        return [*says, self.reasoning or "", self.refuse or "", *raw, *nested]


class Scenario(_Shape):
    """A named script for the model's side of a conversation."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    description: str = ""
    match: Match
    turns: Annotated[list[Turn], Field(min_length=1, max_length=MAX_TURNS)]

    @model_validator(mode="after")
    def _templates_can_be_filled(self) -> Self:
        matched = _groups(self.match.user) | _groups(self.match.system)
        for number, turn in enumerate(self.turns):
            seen = _groups(turn.when.tool_result_matches) if turn.when else set()
            seen |= _groups(turn.when.user_matches) if turn.when else set()
            known = {f"match.{name}" for name in matched} | {f"when.{name}" for name in seen}
            for name in (name for text in turn.strings() for name in template_names(text)):
                _check_template(name, known, f"turns[{number}]")
        return self

    @model_validator(mode="after")
    def _all_turns_can_be_reached(self) -> Self:
        plain = [n for n, turn in enumerate(self.turns) if turn.when is None]
        for number in plain[:-1]:
            if self.turns[number].repeat == "forever":
                raise ValueError(f"turns[{number}] repeats forever; put it last")
        return self


def _check_template(name: str, known: set[str], where: str) -> None:
    root = name.split(".", maxsplit=1)[0]
    if root not in KNOWN_ROOTS:
        raise ValueError(f"{where}: {{{{{name}}}}}: start with one of {', '.join(KNOWN_ROOTS)}")
    if root in {"match", "when"} and name not in known:
        raise ValueError(f"{where}: {{{{{name}}}}}: no such group; there is {sorted(known)}")


def _groups(pattern: str | None) -> set[str]:
    """The names (and numbers) by which the groups of a pattern are captured."""
    if pattern is None:
        return set()
    compiled = re.compile(pattern)
    return set(compiled.groupindex) | {str(n) for n in range(1, compiled.groups + 1)}


def _texts(value: JsonValue) -> list[str]:
    match value:
        case str():
            return [value]
        case list():
            return [text for item in value for text in _texts(item)]
        case dict():
            return [text for item in value.values() for text in _texts(item)]
        case _:
            return []
