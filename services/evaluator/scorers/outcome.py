"""What a scorer says: a score between 0 and 1, and the sentence that explains it."""

from typing import NamedTuple

from contracts.envelope import Fact
from contracts.history import Run
from contracts.run import RunCancelled, RunCompleted, RunFailed

SHOWN = 200  # characters of an answer or of arguments in a sentence
PATTERN_SECONDS = 1.0  # of one search: what a model wrote must not keep the evaluator


class NotBounded(ValueError):
    """What was asked for could run without a limit on what a model wrote."""


class Outcome(NamedTuple):
    """`score` is None where nobody can tell."""

    score: float | None
    reason: str


def outcome(holds: bool, reason: str) -> Outcome:
    """All or nothing."""
    return Outcome(float(holds), reason)


def answer_of(run: Run) -> str | None:
    """What the run answered; None of a run that did not complete."""
    match run.end:
        case Fact(body=RunCompleted() as completed):
            return completed.answer
    return None


def no_answer(run: Run) -> Outcome:
    """Of a run that has nothing to say, why."""
    match run.end:
        case Fact(body=RunFailed() as failed):
            why = f"{failed.rule}: {failed.reason}"
        case Fact(body=RunCancelled() as cancelled):
            why = f"cancelled: {cancelled.reason}"
        case _:
            why = f"it is {run.status}"
    return Outcome(0.0, short(f"there is no answer; {why}"))


def short(text: str) -> str:
    """At most so much of it, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"
