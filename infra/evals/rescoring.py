"""Recorded runs held to the scorers of a suite, as their forks are: here, from their files.

A recorded run is over, so nobody can be asked about it as of then: scorers that ask a model or a
database are refused, and would else be had of one side alone.
"""

from collections.abc import Sequence
from pathlib import Path

from contracts.history import Run
from contracts.scoring import Database, Judged, Scorer
from services.console.cli.errors import USAGE, CommandFailed
from services.evaluator.datasets.reading import load_suite
from services.evaluator.errors import DatasetError
from services.evaluator.results import Result
from services.evaluator.rules import scored


def shared_scorers(path: Path) -> tuple[Scorer, ...]:
    """The scorers that a suite holds all of its cases to.

    Raises:
        CommandFailed: it is no suite, shares no scorer, or one that asks somebody.
    """
    try:
        found = load_suite(path).scorers
    except DatasetError as error:
        raise CommandFailed(str(error), "correct it, and ask again", USAGE) from None
    if not found:
        raise CommandFailed(
            f"{path} has no scorers that all cases share",
            "write them under `scorers` of the suite itself",
            USAGE,
        )
    for one in found:
        if isinstance(one, Judged | Database):
            raise CommandFailed(
                f"{path}: the scorer {one.metric} asks somebody, and recorded runs are over",
                "leave judges and databases to suites that are run",
                USAGE,
            )
    return found


def held_to(recorded: Result, run: Run, scorers: Sequence[Scorer]) -> Result:
    """The result of a recorded run by these scorers too; undecided where one of them is."""
    if not scorers:
        return recorded
    scores = (*recorded.scores, *(scored(run, one) for one in scorers))
    weight = sum(one.weight for one in scores)
    undecided = recorded.passed is None or any(one.undecided for one in scores)
    return recorded.model_copy(
        update={
            "scores": scores,
            "score": sum(one.score * one.weight for one in scores) / weight,
            "passed": None if undecided else all(one.passed for one in scores),
        }
    )
