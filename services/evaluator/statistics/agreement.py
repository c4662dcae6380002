"""Whether two raters agree beyond chance, and how a judge compares with people."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from services.evaluator.statistics.intervals import CONFIDENCE, Interval, wilson, z_of


@dataclass(frozen=True, slots=True)
class Confusion:
    """What a judge said of cases that people labelled: pass is positive."""

    true_pass: int
    false_pass: int
    true_fail: int
    false_fail: int

    @property
    def labelled_pass(self) -> int:
        return self.true_pass + self.false_fail

    @property
    def labelled_fail(self) -> int:
        return self.true_fail + self.false_pass


def confusion(said: Sequence[bool], labels: Sequence[bool]) -> Confusion:
    """Count what was `said` against the `labels` of the same cases."""
    pairs = list(zip(said, labels, strict=True))
    return Confusion(
        true_pass=pairs.count((True, True)),
        false_pass=pairs.count((True, False)),
        true_fail=pairs.count((False, False)),
        false_fail=pairs.count((False, True)),
    )


def kappa(
    first: Sequence[Hashable], second: Sequence[Hashable], confidence: float = CONFIDENCE
) -> Interval:
    """Cohen's kappa of two raters, with the large-sample interval of Fleiss, Cohen and Everitt.

    Of raters who always say the same one thing it is 1: there is nothing they disagree in.

    Raises:
        ValueError: there is nothing rated, or not by both.
    """
    if not first or len(first) != len(second):
        raise ValueError("kappa needs the same cases rated by both")
    table = _table(first, second)
    rows, columns, seen = table.sum(1), table.sum(0), float(np.trace(table))
    chance = float(rows @ columns)
    if chance >= 1:
        return Interval(1.0, 1.0, 1.0, "kappa", confidence)
    value = (seen - chance) / (1 - chance)
    spread = _spread(table, rows, columns, value)
    variance = (spread - (value - chance * (1 - value)) ** 2) / (len(first) * (1 - chance) ** 2)
    half = z_of(confidence) * sqrt(max(variance, 0.0))
    return Interval(value, max(value - half, -1.0), min(value + half, 1.0), "kappa", confidence)


def sensitivity(found: Confusion, confidence: float = CONFIDENCE) -> Interval:
    """Of what people pass, the share that the judge passes."""
    return wilson(found.true_pass, found.labelled_pass, confidence)


def specificity(found: Confusion, confidence: float = CONFIDENCE) -> Interval:
    """Of what people fail, the share that the judge fails."""
    return wilson(found.true_fail, found.labelled_fail, confidence)


def alpha(ratings: Sequence[Sequence[Hashable | None]]) -> float:
    """Krippendorff's alpha of any number of raters, nominal; a row is a case, None is no rating.

    Raises:
        ValueError: no case was rated by two.
    """
    units = [[one for one in row if one is not None] for row in ratings]
    units = [row for row in units if len(row) > 1]
    if not units:
        raise ValueError("alpha needs a case that two have rated")
    names = {name: at for at, name in enumerate(dict.fromkeys(one for row in units for one in row))}
    counts = np.array(
        [np.bincount([names[one] for one in row], minlength=len(names)) for row in units]
    )
    sizes = counts.sum(1)
    seen = float(((sizes**2 - (counts**2).sum(1)) / (sizes - 1)).sum())
    totals = counts.sum(0)
    number = float(totals.sum())
    expected = (number**2 - float((totals**2).sum())) / (number - 1)
    return 1.0 if expected == 0 else 1 - seen / expected


def _table(first: Sequence[Hashable], second: Sequence[Hashable]) -> np.ndarray:
    """The share of cases in each pair of ratings."""
    names = {name: at for at, name in enumerate(dict.fromkeys([*first, *second]))}
    table = np.zeros((len(names), len(names)))
    for one, other in zip(first, second, strict=True):
        table[names[one], names[other]] += 1
    return table / len(first)


def _spread(table: np.ndarray, rows: np.ndarray, columns: np.ndarray, value: float) -> float:
    """The part of kappa's variance that goes by the cells."""
    both = rows[None, :] + columns[:, None]
    agreed = np.diag(table) * (1 - np.diag(both) * (1 - value)) ** 2
    apart = table * both**2 * (1 - value) ** 2
    return float(agreed.sum() + apart.sum() - np.trace(apart))
