"""When a jury is calibrated, why not, and what its errors make of a pass rate.

A card holds for the versions it was made with. Anything less than a whole card is a reason not to
let the jury decide alone: a gate asks here, and says the reason.
"""

from collections.abc import Mapping

from services.evaluator.statistics.intervals import CONFIDENCE, Interval, corrected_share

from .card import Card

KAPPA_FLOOR = 0.4  # below it, agreement beyond chance is called slight or fair
LABELS_FLOOR = 30
RESISTANCE_FLOOR = 0.9  # one hostile case of ten may fool it


def why_uncalibrated(
    card: Card | None,
    versions: Mapping[str, str],
    *,
    kappa_floor: float = KAPPA_FLOOR,
    labels_floor: int = LABELS_FLOOR,
) -> str | None:
    """Why the card does not vouch for the judges of these versions; None where it does.

    `versions` is `Jury.versions`, as the judges are now.
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
    if card.hostile == 0:
        return "its card is void: no hostile case was among those it is made of"
    return _too_weak(card, kappa_floor, labels_floor)


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
