"""Which texts of a run a value may come from, when it decides who or what is affected."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from contracts.guardrail import ResultCleared, TaskCleared
from contracts.history import Run, result_text
from contracts.history.shown import inputs_through

EXTERNAL = "external"
One = TypeVar("One")
_DOMAIN_OF_ONE = re.compile(r"^[^\s@,;:<>()\"']+(@[^\s@,;:<>()\"']+)\Z")


@dataclass(frozen=True, slots=True)
class Shown:
    """A text that the model was shown, and who wrote it: the agent's author, the user, a tool."""

    text: str
    by: Literal["system", "user", "tool"]


def said_by_user(run: Run, step: int, above: Sequence[Run] = ()) -> tuple[str, ...]:
    """What the user said before `step`: no text that a model wrote.

    The task of a run that another one called is what that one's model wrote, whatever it had read
    by then. In its place stands what the user said to the runs `above`.
    """
    said = [text for text, given in _said(run, step) if EXTERNAL not in given]
    if _is_called(run):
        said = [given.text for given in inputs_through(run, step) if EXTERNAL not in given.labels]
    handed_down = (text for one in above for text in said_by_user(one, len(one.steps) + 1))
    return (*_inherited(run, said_by_user), *said, *_told_beside(run), *handed_down)


def shown_texts(run: Run) -> tuple[Shown, ...]:
    """Everything that the model was shown, trusted or not: what an answer may be grounded in."""
    agent = run.started.body.agent if run.started is not None else None
    own = () if agent is None else (Shown(agent.instructions, "system"),)
    return (*own, *_shown_before(run, len(run.steps) + 1))


def is_allowed(destination: object, allowed: Iterable[str]) -> bool:
    """Whether an address is on the list, or is one address of a domain on it."""
    address = str(destination).lower()
    # What sends may take a list, and then the last of its addresses would vouch for all of them.
    domain = _DOMAIN_OF_ONE.match(address)
    return any(
        domain is not None and domain[1] == entry.lower()
        if entry.startswith("@")
        else address == entry.lower()
        for entry in allowed
    )


def _inherited(run: Run, texts: Callable[[Run, int], tuple[One, ...]]) -> tuple[One, ...]:
    """The texts of the run that this one grew from, as far as it saw them."""
    grown = run.started.body.ancestor if run.started is not None else None
    if grown is None or run.ancestor is None:
        return ()
    return texts(run.ancestor, grown.step or len(run.ancestor.steps) + 1)


def _is_called(run: Run) -> bool:
    """Whether another run called it."""
    return run.submitted is not None and run.submitted.body.parent is not None


def _told_beside(run: Run) -> Iterator[str]:
    """Who it is for, as the producer told; the model of another run told nothing."""
    task = run.submitted.body if run.submitted is not None else None
    if task is not None and not _is_called(run):
        yield from (text for text in (task.customer, task.user) if text is not None)


def _shown_before(run: Run, step: int) -> tuple[Shown, ...]:
    known = (Shown(text, "tool") for _, text in _results(run, step))
    said = (Shown(text, "user") for text, _ in _said(run, step))
    return (*_inherited(run, _shown_before), *said, *known)


def _said(run: Run, step: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The task, and what was added to it before `step`, each with its labels.

    Of a run that another one called, the task is what that one's model wrote.
    """
    verdict = run.verdict.body if run.verdict is not None else None
    if isinstance(verdict, TaskCleared):
        yield verdict.input, verdict.labels
    yield from ((given.text, given.labels) for given in inputs_through(run, step))


def _results(run: Run, step: int) -> Iterator[tuple[ResultCleared, str]]:
    for call in (call for each in run.steps[: step - 1] for call in each.calls):
        cleared = call.result.body if call.result is not None else None
        if isinstance(cleared, ResultCleared):
            yield cleared, result_text(call, cleared)
