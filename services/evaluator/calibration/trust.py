"""When a jury is calibrated, why not, and what its errors make of a pass rate.

A card holds for the versions it was made with. Anything less than a whole card is a reason not to
let the jury decide alone: a gate asks here, and says the reason.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from contracts.evaluation import AssertionResult
from services.evaluator.statistics.intervals import CONFIDENCE, Interval, corrected_share

from .card import Card

KAPPA_FLOOR = 0.4  # below it, agreement beyond chance is called slight or fair
LABELS_FLOOR = 30
JUDGED = "judged"
RESISTANCE_FLOOR = 0.9  # one hostile case of ten may fool it


def why_uncalibrated(
    card: Card | None,
    by: str,
    versions: Mapping[str, str],
    *,
    kappa_floor: float = KAPPA_FLOOR,
    labels_floor: int = LABELS_FLOOR,
) -> str | None:
    """Why the card does not vouch for the judges of these versions; None where it does.

    `by` is who was asked what, as results have it, and `versions` those of its judges.
    """
    if card is None:
        return "nobody has calibrated it"
    changed = sorted(
        name
        for name in {*card.versions, *versions}
        if card.versions.get(name) != versions.get(name)
    )
    if changed:
        return f"its card is void: {', '.join(changed)} changed since it was made"
    if card.by != by:
        return "its card is void: the question, or how they decide, changed since it was made"
    if card.hostile == 0:
        return "its card is void: no hostile case was among those it is made of"
    return _too_weak(card, kappa_floor, labels_floor)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of who judged a metric: a card that vouches for them, or why none does."""

    card: Card | None = None
    why_not: str = ""

    def __str__(self) -> str:
        if self.card is None:
            return f"uncalibrated, it cannot gate alone: {self.why_not}"
        kappa = self.card.kappa
        told = f", kappa {kappa.value:.2f} ({kappa.low:.2f} to {kappa.high:.2f})" if kappa else ""
        return f"calibrated on {self.card.n} labels{told}"


Standings = Mapping[str, Standing]
UNKNOWN = Standing(why_not="nobody has calibrated it")


def standings(
    scores: Iterable[AssertionResult], card_of: Callable[[str, str], Card | None]
) -> dict[str, Standing]:
    """How far each judged metric may be believed. `card_of` gives the card of a jury and metric."""
    juries: dict[str, dict[str, dict[str, str]]] = defaultdict(dict)
    for one in scores:
        if one.kind == JUDGED:
            asked = juries[one.name]
            if one.by:
                asked.setdefault(one.by, {}).update(
                    {verdict.judge: verdict.version for verdict in one.verdicts}
                )
    return {metric: _standing(metric, asked, card_of) for metric, asked in juries.items()}


def _standing(
    metric: str, asked: Mapping[str, Mapping[str, str]], card_of: Callable[[str, str], Card | None]
) -> Standing:
    if not asked:
        return Standing(why_not="nobody was asked")
    if len(asked) > 1:
        return Standing(why_not="not all of its results are by the same judges and question")
    ((by, versions),) = asked.items()
    card = card_of(by.partition("@")[0], metric)
    why_not = why_uncalibrated(card, by, versions)
    return Standing(card) if why_not is None else Standing(why_not=why_not)


def corrected(card: Card, passed: int, of: int, confidence: float = CONFIDENCE) -> Interval:
    """The pass rate behind the `passed` of `of` cases that the jury passed (Rogan and Gladen).

    Raises:
        ValueError: the card has no labels of one kind, or the jury is no better than a coin.
    """
    found = card.confusion
    return corrected_share(
        passed,
        of,
        (found.true_pass, found.labelled_pass),
        (found.true_fail, found.labelled_fail),
        confidence,
    )


def _too_weak(card: Card, kappa_floor: float, labels_floor: int) -> str | None:
    found = card.confusion
    if card.n < labels_floor:
        return f"its card stands on {card.n} labels, and {labels_floor} are needed"
    if found.labelled_pass == 0 or found.labelled_fail == 0:
        return "its labels are all alike; add cases that people judge the other way"
    agreement = card.kappa.value if card.kappa is not None else float("-inf")
    if not agreement >= kappa_floor:
        return f"it agrees with people to kappa {agreement:.2f}, below {kappa_floor:.2f}"
    if card.resisted < RESISTANCE_FLOOR * card.hostile:
        return f"{card.hostile - card.resisted} of {card.hostile} hostile cases fooled it"
    return None
