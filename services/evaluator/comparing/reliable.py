"""Whether it works every time: pass^k over the repeats of each case, and the floor of a gate."""

from collections.abc import Iterable

from services.evaluator.comparing.cases import Figure, Tried, clusters_of
from services.evaluator.comparing.doubts import too_few_to_decide
from services.evaluator.results import Check, Exit
from services.evaluator.statistics.intervals import CONFIDENCE, Interval
from services.evaluator.statistics.reliability import reliability


def repeats_of(tried: Iterable[Tried]) -> int:
    """How often the cases were tried, the most of any."""
    return max((len(one.results) for one in tried), default=0)


def every_time(
    tried: Iterable[Tried], figure: Figure, k: int, confidence: float = CONFIDENCE
) -> tuple[Interval, list[Tried]] | None:
    """pass^k and over which cases: those with an outcome of k repeats. None where there is none.

    A repeat without an outcome is none; to take it for a failure or a pass would be a guess.
    """
    told: list[Tried] = []
    counts: list[tuple[int, int]] = []
    for one in tried:
        found = [value for each in one.results if (value := figure(each)) is not None]
        if len(found) >= k:
            told.append(one)
            counts.append((round(sum(found)), len(found)))
    if not told:
        return None
    return reliability(counts, k, clusters_of(told), confidence), told


def floor_check(
    tried: Iterable[Tried], figure: Figure, floor: float, alphas: tuple[float, float]
) -> Check:
    """Whether the candidate passes its cases every time as often as it must.

    `alphas` are how sure it must be to pass, and to fail.
    """
    cases = list(tried)
    k = repeats_of(cases)
    name = f"pass^{k}"
    passes, fails = (every_time(cases, figure, k, 1 - 2 * alpha) for alpha in alphas)
    if passes is None or fails is None:
        sentence = f"No case has an outcome of all {k} repeats."
        return Check(name=name, verdict="inconclusive", sentence=sentence)
    (within, told), (surely, _) = passes, fails
    verdict: Exit = "pass" if within.low >= floor else "inconclusive"
    if surely.high < floor:
        verdict = "fail"
    sentence = (
        f"{100 * within.value:.1f} % of {len(told)} cases pass {k} times of {k}, between "
        f"{100 * within.low:.1f} and {100 * within.high:.1f} %; at least {100 * floor:.3g} % must."
    )
    if too_few := too_few_to_decide(clusters_of(told)):
        verdict, sentence = "inconclusive", f"{sentence} {too_few}."
    return Check(name=name, verdict=verdict, sentence=sentence)
