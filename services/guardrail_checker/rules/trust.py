"""Which texts of a run a value may come from, when it decides who or what is affected."""

import re
from collections.abc import Iterable

from contracts.guardrail import ResultCleared, TaskCleared
from contracts.history import Run
from contracts.tool import Sink

from .numbers import finite

EXTERNAL = "external"
_DOMAIN_OF_ONE = re.compile(r"^[^\s@,;:<>()\"']+(@[^\s@,;:<>()\"']+)\Z")
_NUMBERS = re.compile(r"\d+(?:[.,]\d+)?")


def trusted_texts(run: Run, step: int) -> tuple[str, ...]:
    """The task itself, and results of tools whose output is the tenant's own, before `step`."""
    results = _results(run, step)
    return (*_task(run), *(one.text for one in results if one.label != EXTERNAL))


def shown_texts(run: Run) -> tuple[str, ...]:
    """Everything that the model was shown, trusted or not: what an answer may be grounded in."""
    return (*_task(run), *(one.text for one in _results(run, len(run.steps) + 1)))


def occurs(value: object, sink: Sink, texts: Iterable[str]) -> bool:
    """Whether a value stands in one of the texts, as a number or as a word of its own."""
    if sink == "amount":
        return any(_same_number(value, number) for text in texts for number in _numbers(text))
    word = re.compile(rf"(?<![\w@.+-]){re.escape(str(value))}(?![\w@+-])", re.IGNORECASE)
    return any(word.search(text) for text in texts)


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


def _task(run: Run) -> tuple[str, ...]:
    verdict = run.verdict.body if run.verdict is not None else None
    return (verdict.input,) if isinstance(verdict, TaskCleared) else ()


def _results(run: Run, step: int) -> tuple[ResultCleared, ...]:
    calls = (call for each in run.steps[: step - 1] for call in each.calls)
    bodies = (call.result.body for call in calls if call.result is not None)
    return tuple(body for body in bodies if isinstance(body, ResultCleared))


def _numbers(text: str) -> list[str]:
    return _NUMBERS.findall(text)


def _same_number(value: object, text: str) -> bool:
    number = finite(value)
    return number is not None and number == finite(text.replace(",", "."))
