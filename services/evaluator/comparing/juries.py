"""How far the judges of juries agreed: how many juries were split, and Krippendorff's alpha.

A judge who was silent, or said another thing in each order, has no vote here either. Single judges
agree with nobody.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from contracts.evaluation import AssertionResult
from services.evaluator.results import Result
from services.evaluator.statistics.agreement import alpha


@dataclass(frozen=True, slots=True)
class Accord:
    """Of `juries` with two votes or more: the share that was split, and the alpha of all votes."""

    juries: int
    split: float
    alpha: float


def accord(results: Iterable[Result], metric: str) -> Accord | None:
    """How far juries agreed by a metric; None where no two judges voted on the same run."""
    asked = [one for result in results for one in result.scores if one.name == metric]
    rows = _by_judge([votes for one in asked if len(votes := votes_of(one)) > 1])
    if not rows:
        return None
    told = [{one for one in row if one is not None} for row in rows]
    split = sum(len(one) > 1 for one in told) / len(rows)
    return Accord(len(rows), split, alpha(rows))


def votes_of(score: AssertionResult) -> dict[str, str]:
    """What each judge says who has a vote."""
    said: dict[str, set[str]] = {}
    for one in score.verdicts:
        said.setdefault(one.judge, set()).add(one.says)
    return {judge: says.pop() for judge, says in said.items() if says in ({"pass"}, {"fail"})}


def _by_judge(juries: Sequence[dict[str, str]]) -> list[list[str | None]]:
    """A row for each jury, a column for each judge of any."""
    judges = sorted({judge for votes in juries for judge in votes})
    return [[votes.get(judge) for judge in judges] for votes in juries]
