"""Deterministic assertions on a finished run, by the names that agents list them under.

An assertion may take an argument after a colon: `mentions:refund`, `steps_at_most:5`.
"""

import re
from collections.abc import Callable

from contracts.guardrail import ToolBlocked
from contracts.history import Run
from contracts.tool import ToolManifest, ToolSucceeded

from .outcome import Outcome, answer_of
from .text import likeness

NEARLY = 0.85
_PROMISE = re.compile(
    r"\b(?:i(?:'ve| have)|we(?:'ve| have))\s+(?:issued|sent|made|processed|refunded)\b"
    r"|\brefund (?:has been|was|is) (?:issued|made|sent|processed)\b",
    re.IGNORECASE,
)
_MONEY_EFFECTS = ("money", "write", "egress")

Assertion = Callable[[Run, str], tuple[float, str]]


class UnknownAssertion(ValueError):
    """An agent lists an assertion that there is none of."""


def assertion(run: Run, name: str) -> Outcome:
    """One assertion.

    Raises:
        UnknownAssertion: the name is not known.
    """
    base, _, argument = name.partition(":")
    check = ASSERTIONS.get(base)
    if check is None:
        raise UnknownAssertion(f"no assertion is named {base!r}; known: {', '.join(ASSERTIONS)}")
    return Outcome(*check(run, argument))


def resolved(run: Run, _: str) -> tuple[float, str]:
    """The run completed, with something to say."""
    if answer_of(run):
        return 1.0, "it completed with an answer"
    return 0.0, f"it ended as {run.status}"


def no_false_promises(run: Run, _: str) -> tuple[float, str]:
    """What the answer says was done was done by a tool that can do it."""
    promise = _PROMISE.search(answer_of(run) or "")
    if promise is None:
        return 1.0, "it promises nothing done"
    doers = [tool.name for tool in _succeeded(run) if tool.effect in _MONEY_EFFECTS]
    if doers:
        return 1.0, f"{promise[0]!r} stands on {', '.join(doers)}"
    return 0.0, f"{promise[0]!r}, but no tool did such a thing"


def no_blocked_calls(run: Run, _: str) -> tuple[float, str]:
    """The policy refused nothing that the model wanted."""
    blocked = [
        each.request.body.tool
        for step in run.steps
        for call in step.calls
        for each in call.tries
        if each.verdict is not None and isinstance(each.verdict.body, ToolBlocked)
    ]
    return (0.0, f"refused: {', '.join(blocked)}") if blocked else (1.0, "nothing was refused")


def steps_at_most(run: Run, argument: str) -> tuple[float, str]:
    """The run took no more than so many steps."""
    limit = int(argument)
    return float(len(run.steps) <= limit), f"{len(run.steps)} steps, {limit} allowed"


def mentions(run: Run, argument: str) -> tuple[float, str]:
    """The answer contains the words, or nearly so."""
    share = likeness(argument, answer_of(run) or "", "within")
    score = 1.0 if share >= NEARLY else share
    return score, f"{argument!r} is in the answer to {100 * share:.0f} of 100"


ASSERTIONS: dict[str, Assertion] = {
    "resolved": resolved,
    "no_false_promises": no_false_promises,
    "no_blocked_calls": no_blocked_calls,
    "steps_at_most": steps_at_most,
    "mentions": mentions,
}


def _succeeded(run: Run) -> list[ToolManifest]:
    """The tools that succeeded in this run."""
    done = {
        call.part.name
        for step in run.steps
        for call in step.calls
        if call.last is not None
        and call.last.outcome is not None
        and isinstance(call.last.outcome.body, ToolSucceeded)
    }
    tools = run.started.body.tools if run.started is not None else ()
    return [tool for tool in tools if tool.name in done]
