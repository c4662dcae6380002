"""Where an interval cannot keep what it promises, and the words that stand beside it.

What befalls one in ten cases, or clusters, is missed by more than 5 of 100 suites that have fewer
than SEEN of them: no method can hold the truth in 95 then. Of fewer than DECIDING_CLUSTERS their
error itself is too unsure for a verdict.
"""

from collections.abc import Sequence

from contracts.suite import DECIDING_CLUSTERS, SEEN


def doubt_of_rate(clusters: Sequence[str] | None) -> str:
    """Beside a rate, or a difference of rates: cases that stand alone leave none."""
    number = _number(clusters)
    if number is None or number >= SEEN:
        return ""
    if number < DECIDING_CLUSTERS:
        return f"{number} clusters are too few for 95 of 100"
    return f"{number} clusters: what befalls one in ten may be missing"


def doubt_of_measure(cases: int, clusters: Sequence[str] | None) -> str:
    """Beside a mean of costs, times or counts: a few cases may take most."""
    number = _number(clusters)
    if number is not None and number < SEEN:
        return doubt_of_rate(clusters)
    return f"{cases} cases: what one in ten takes may be missing" if cases < SEEN else ""


def too_few_to_decide(clusters: Sequence[str] | None) -> str:
    """Why no rate of these decides; empty where one may."""
    number = _number(clusters)
    if number is None or number >= DECIDING_CLUSTERS:
        return ""
    return (
        f"The cases lie in {number} clusters, and {DECIDING_CLUSTERS} are the fewest to decide by"
    )


def too_few_to_weigh(cases: int, clusters: Sequence[str] | None) -> str:
    """Why no cost or time of these decides; empty where one may."""
    number = _number(clusters)
    if number is None:
        number, what = cases, "cases"
    else:
        what = "clusters"
    return (
        ""
        if number >= SEEN
        else f"{number} {what} are told, and {SEEN} are the fewest to decide by"
    )


def _number(clusters: Sequence[str] | None) -> int | None:
    return None if clusters is None else len(set(clusters))
