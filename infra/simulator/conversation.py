"""A request in one neutral shape: what was said so far, whichever wire format brought it.

The simulator keeps no memory of a conversation. Everything that decides the next answer is in
the request's own history, so a retry, a replay or a restarted simulator answers the same.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

Provider = Literal["openai", "anthropic"]
Api = Literal["chat", "responses", "messages"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A user's words."""

    text: str


@dataclass(frozen=True, slots=True)
class Called:
    """A tool call the model made; the arguments are the JSON text as it was sent back."""

    call_id: str
    tool: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer of the model: words, calls, or both."""

    text: str = ""
    calls: tuple[Called, ...] = ()


@dataclass(frozen=True, slots=True)
class Returned:
    """What a tool gave back for one call."""

    call_id: str
    text: str


Turn = Asked | Answered | Returned


@dataclass(frozen=True, slots=True)
class Sealed:
    """A reasoning block sent back to its provider, which checks that nobody touched it."""

    text: str
    seal: str


@dataclass(frozen=True, slots=True)
class Moment:
    """What the model sees when it is about to give answer number `step`, counted from 0."""

    step: int
    latest_user: str
    results: tuple[tuple[str, str], ...]
    """(tool, text) of each result that came since the answer before."""


@dataclass(frozen=True)
class Conversation:
    """One model request, read."""

    provider: Provider
    api: Api
    model: str
    system: str
    turns: tuple[Turn, ...]
    tools: tuple[str, ...]
    input_bytes: int
    max_output_tokens: int | None = None
    stream: bool = False
    stream_usage: bool = True
    sealed: tuple[Sealed, ...] = ()
    seed: int | None = None
    """What the caller asks to draw by, where the API has a field for it."""

    @cached_property
    def opening(self) -> str:
        """The first user text: what the scenarios are matched on."""
        return next((turn.text for turn in self.turns if isinstance(turn, Asked)), "")

    @cached_property
    def moments(self) -> tuple[Moment, ...]:
        """One moment for each answer already given, and last the one to be answered now."""
        return tuple(_moments(self.turns))

    @property
    def now(self) -> Moment:
        return self.moments[-1]

    @cached_property
    def results(self) -> dict[str, str]:
        """The latest result of each tool, by the tool's name."""
        names = call_names(self.turns)
        found = (turn for turn in self.turns if isinstance(turn, Returned))
        return {names.get(turn.call_id, ""): turn.text for turn in found}


def call_names(turns: Iterable[Turn]) -> dict[str, str]:
    """The tool each call id belongs to."""
    answers = (turn for turn in turns if isinstance(turn, Answered))
    return {call.call_id: call.tool for answer in answers for call in answer.calls}


def merged(turns: Iterable[Turn]) -> tuple[Turn, ...]:
    """The same turns with neighbouring answers made one: an answer may come back in pieces."""
    out: list[Turn] = []
    for turn in turns:
        last = out[-1] if out else None
        if isinstance(turn, Answered) and isinstance(last, Answered):
            out[-1] = Answered(last.text + turn.text, last.calls + turn.calls)
        else:
            out.append(turn)
    return tuple(out)


def broken_pairing(turns: Iterable[Turn]) -> str | None:
    """Why a provider would refuse this history: each call needs its one result right behind it."""
    waiting: set[str] = set()
    for turn in turns:
        match turn:
            case Returned(call_id=call_id) if call_id not in waiting:
                return f"a tool result for {call_id!r} answers no tool call of the turn before it"
            case Returned(call_id=call_id):
                waiting.discard(call_id)
            case _ if waiting:
                return f"no tool result was found right after tool call {min(waiting)!r}"
            case Answered(calls=calls):
                waiting = {call.call_id for call in calls}
            case Asked():
                continue
    return f"no tool result was found for tool call {min(waiting)!r}" if waiting else None


def _moments(turns: tuple[Turn, ...]) -> Iterator[Moment]:
    names = call_names(turns)
    step, latest_user = 0, ""
    results: list[tuple[str, str]] = []
    for turn in turns:
        match turn:
            case Asked(text=text):
                latest_user = text
            case Returned(call_id=call_id, text=text):
                results.append((names.get(call_id, ""), text))
            case Answered():
                yield Moment(step, latest_user, tuple(results))
                step, results = step + 1, []
    yield Moment(step, latest_user, tuple(results))
