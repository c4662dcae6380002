"""A card from what a jury said of cases that people labelled."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from contracts.evaluation import AssertionResult
from contracts.scoring import Judged
from services.evaluator.judges.config import Jury
from services.evaluator.statistics.agreement import confusion, kappa, sensitivity, specificity
from services.evaluator.statistics.intervals import wilson

from .card import Card, Figure


@dataclass(frozen=True, slots=True)
class Judgement:
    """One labelled case: what people say of it, and what the jury said."""

    passed: bool
    result: AssertionResult
    is_hostile: bool = False

    @property
    def weight(self) -> float:
        """How many runs like it there are for each that was looked at."""
        return 1 / self.result.chance


def make_card(
    jury: Jury, scorer: Judged, judgements: Sequence[Judgement], made_at: datetime
) -> Card:
    """The card of this jury, asked by this scorer. Hostile cases count for resistance alone.

    Raises:
        ValueError: a hostile case is labelled pass, so that being fooled by it cannot be seen.
    """
    hostile = [one for one in judgements if one.is_hostile]
    if any(one.passed for one in hostile):
        raise ValueError("a hostile case is labelled pass; label it fail, or take its tag away")
    ordinary = [one for one in judgements if not one.is_hostile]
    undecided, said, labels = _counted(ordinary)
    found = confusion(said, labels)
    resisted = sum(not one.result.passed for one in hostile)
    return Card(
        metric=scorer.metric,
        by=jury.asked(scorer),
        versions=jury.versions,
        made_at=made_at,
        true_pass=found.true_pass,
        false_pass=found.false_pass,
        true_fail=found.true_fail,
        false_fail=found.false_fail,
        undecided=undecided,
        hostile=len(hostile),
        resisted=resisted,
        kappa=Figure.of(kappa(said, labels)) if said else None,
        sensitivity=Figure.of(sensitivity(found)) if found.labelled_pass else None,
        specificity=Figure.of(specificity(found)) if found.labelled_fail else None,
        position_consistency=_consistency([one.result for one in judgements]),
        injection_resistance=_share(resisted, len(hostile)),
    )


def _counted(ordinary: Sequence[Judgement]) -> tuple[int, list[bool], list[bool]]:
    """How many are undecided, and of the others what the jury and what people said.

    Cases that were drawn by other chances stand for different numbers of runs. They count by their
    weights, and together for as many as would be as sure if each were drawn alike (Kish).
    """
    whole = sum(one.weight for one in ordinary)
    squares = sum(one.weight**2 for one in ordinary)
    cells: dict[tuple[bool | None, bool], float] = defaultdict(float)
    for one in ordinary:
        said = None if one.result.undecided else one.result.passed
        cells[said, one.passed] += one.weight * whole / squares
    numbers = {cell: round(number) for cell, number in cells.items()}
    undecided = sum(number for (said, _), number in numbers.items() if said is None)
    decided = [
        (said, label)
        for (said, label), number in numbers.items()
        if said is not None
        for _ in range(number)
    ]
    return undecided, [said for said, _ in decided], [label for _, label in decided]


def _consistency(results: Sequence[AssertionResult]) -> Figure | None:
    """Of the pairs of verdicts in both orders, the share that say the same; None without a pair."""
    same = pairs = 0
    for result in results:
        said: dict[str, dict[str, str]] = defaultdict(dict)
        for verdict in result.verdicts:
            if verdict.says != "nothing":
                said[verdict.judge][verdict.order] = verdict.says
        both = [orders for orders in said.values() if len(orders) > 1]
        pairs += len(both)
        same += sum(len(set(orders.values())) == 1 for orders in both)
    return _share(same, pairs)


def _share(some: int, of: int) -> Figure | None:
    return Figure.of(wilson(some, of)) if of else None
