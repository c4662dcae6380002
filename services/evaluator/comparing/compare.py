"""Arms compared over the cases that both tried."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from math import isfinite

from contracts.suite import GateRules
from services.evaluator.calibration.trust import UNKNOWN, Standing, Standings, corrected
from services.evaluator.comparing.cases import (
    MEASURES,
    PASS_RATE,
    Figure,
    Tried,
    by_case,
    clusters_of,
    metrics_of,
    of_metric,
    pairs,
    passed,
)
from services.evaluator.comparing.doubts import (
    doubt_of_measure,
    doubt_of_rate,
    too_few_to_decide,
)
from services.evaluator.comparing.gate import fails_at, gate
from services.evaluator.comparing.juries import Accord, accord
from services.evaluator.comparing.quarantine import quarantined
from services.evaluator.comparing.reliable import every_time, repeats_of
from services.evaluator.results import (
    Difference,
    Estimate,
    Experiment,
    GateFinding,
    MetricSummary,
    Report,
    Result,
)
from services.evaluator.statistics.intervals import Interval, share
from services.evaluator.statistics.multiplicity import holm
from services.evaluator.statistics.paired import (
    difference_of_means,
    difference_of_shares,
    mcnemar,
    permutation,
)
from services.evaluator.statistics.power import smallest_drop, smallest_drop_seen, together
from services.evaluator.statistics.skewed import skewed_mean


def compare(
    experiment: Experiment,
    results: Sequence[Result],
    today: date,
    *,
    baseline: str | None = None,
    gated: bool = False,
    standings: Standings | None = None,
) -> Report:
    """The report of an experiment. `standings` tells how far its judged metrics may be believed.

    The baseline is the first arm, unless another one is named; each other arm is a candidate.

    Raises:
        BadDate: a quarantine of the suite is not until a date.
        ValueError: the baseline is none of the arms, or there is no result.
    """
    standings = standings or {}
    arms = tuple(arm.name for arm in experiment.arms)
    base = baseline or arms[0]
    if base not in arms:
        raise ValueError(f"no arm is named {base!r}; there are {', '.join(arms)}")
    if not results:
        raise ValueError("there is no result to compare; run the suite first")
    away = quarantined(experiment.rules, today)
    kept = [one for one in results if one.case not in away.cases]
    candidates = [arm for arm in arms if arm != base]
    differences = [each for arm in candidates for each in differ(kept, base, arm)]
    gates: tuple[GateFinding, ...] = ()
    if gated:
        gates = tuple(
            gate(experiment.rules, kept, base, arm, standings, candidates=len(candidates))
            for arm in candidates
        )
    return Report(
        experiment=experiment,
        arms=arms,
        metrics=tuple(each for arm in arms for each in summaries(results, arm, standings)),
        differences=tuple(differences),
        gates=gates,
        smallest_drop=_smallest_drop(experiment.rules, kept, base, candidates),
        results=tuple(results),
        notes=(*away.notes, *_never_asked(results, arms)),
    )


def summaries(results: Sequence[Result], arm: str, standings: Standings) -> list[MetricSummary]:
    """The pass rate of an arm, each of its metrics, and what its runs took."""
    tried = list(by_case(results, arm).values())
    if not tried:
        return []
    own = [result for one in tried for result in one.results]
    rates = [(PASS_RATE, passed), *((name, of_metric(name)) for name in metrics_of(own))]
    found = [one for name, figure in rates if (one := _rate(tried, arm, name, figure)) is not None]
    judged = {score.name for one in own for score in one.scores if score.kind == "judged"}
    noted = [
        _agreed(_judged(one, standings.get(one.metric, UNKNOWN)), accord(own, one.metric))
        if one.metric in judged
        else one
        for one in found
    ]
    return [
        *noted[:1],
        *_every_time(tried, arm),
        *noted[1:],
        *(_measure(tried, arm, name) for name in MEASURES),
    ]


def differ(results: Sequence[Result], baseline: str, candidate: str) -> list[Difference]:
    """Candidate less baseline in every figure, over the cases that both have it of."""
    ours, theirs = by_case(results, candidate), by_case(results, baseline)
    names = [PASS_RATE, *metrics_of(results)]
    figures: dict[str, tuple[Figure, str]] = {
        name: (passed if name == PASS_RATE else of_metric(name), "share") for name in names
    }
    found = [
        one
        for name, (figure, unit) in {**figures, **MEASURES}.items()
        if (one := _difference(ours, theirs, name, figure, unit, (baseline, candidate))) is not None
    ]
    adjusted = holm([one.p_value for one in found])
    return [
        one.model_copy(update={"adjusted_p": p}) for one, p in zip(found, adjusted, strict=True)
    ]


def _difference(
    ours: Mapping[str, Tried],
    theirs: Mapping[str, Tried],
    name: str,
    figure: Figure,
    unit: str,
    arms: tuple[str, str],
) -> Difference | None:
    both, mine, other = pairs(ours, theirs, figure)
    if not both:
        return None
    changes = [one - before for one, before in zip(mine, other, strict=True)]
    clusters = clusters_of(both)
    more, less = sum(one > 0 for one in changes), sum(one < 0 for one in changes)
    better, worse = (more, less) if unit == "share" else (less, more)
    plain = clusters is None and all(one in (-1.0, 0.0, 1.0) for one in changes)
    if unit == "share":
        within, doubt = difference_of_shares(changes, clusters), doubt_of_rate(clusters)
        p_value = mcnemar(better, worse) if plain else permutation(changes, clusters)
    else:
        doubt = doubt_of_measure(len(both), clusters)
        within = difference_of_means(changes, clusters)
        p_value, plain = permutation(changes, clusters), False
    return Difference(
        metric=name,
        baseline=arms[0],
        candidate=arms[1],
        estimate=estimate(within, len(both), unit, doubt),
        p_value=p_value,
        adjusted_p=p_value,
        better=better,
        worse=worse,
        test="McNemar, exact" if plain else "permutation of signs",
    )


def estimate(within: Interval, cases: int, unit: str = "share", doubt: str = "") -> Estimate:
    """An interval as a report shows it, with what is to be said against it."""
    return Estimate(
        value=within.value,
        low=within.low if isfinite(within.low) else None,
        high=within.high if isfinite(within.high) else None,
        cases=cases,
        method=within.method,
        unit=unit,
        confidence=within.confidence,
        doubt=doubt,
    )


def _rate(tried: Sequence[Tried], arm: str, name: str, figure: Figure) -> MetricSummary | None:
    told = [(one, value) for one in tried if (value := one.mean(figure)) is not None]
    untold = sum(
        figure(result) is None and _has(result, name) for one in tried for result in one.results
    )
    if not told:
        return None
    cases = [one for one, _ in told]
    weights = [one.weight for one in cases] if len({one.weight for one in cases}) > 1 else None
    clusters = clusters_of(cases)
    within = share([value for _, value in told], clusters, weights)
    spared = sum(name in result.not_asked for one in tried for result in one.results)
    rate = estimate(within, len(told), doubt=doubt_of_rate(clusters))
    return MetricSummary(arm=arm, metric=name, rate=rate, undecided=untold, not_asked=spared)


def _never_asked(results: Sequence[Result], arms: Sequence[str]) -> Iterator[str]:
    """Judged metrics without a rate: all answers of an arm had failed before."""
    for arm in arms:
        own = [one for one in results if one.arm == arm]
        spared = dict.fromkeys(name for one in own for name in one.not_asked)
        for name in (one for one in spared if one not in metrics_of(own)):
            number = sum(name in one.not_asked for one in own)
            yield f"{arm}: no judge of {name} was asked; all {number} answers had failed already"


def _has(result: Result, name: str) -> bool:
    return name == PASS_RATE or any(one.name == name for one in result.scores)


def _measure(tried: Sequence[Tried], arm: str, name: str) -> MetricSummary:
    figure, unit = MEASURES[name]
    values = [value for one in tried if (value := one.mean(figure)) is not None]
    clusters = clusters_of(tried)
    rate = estimate(
        skewed_mean(values, clusters),
        len(values),
        unit,
        doubt_of_measure(len(values), clusters),
    )
    return MetricSummary(arm=arm, metric=name, rate=rate)


def _every_time(tried: Sequence[Tried], arm: str) -> list[MetricSummary]:
    """pass^k of cases that were repeated, over those with an outcome of every repeat."""
    k = repeats_of(tried)
    found = every_time(tried, passed, k) if k > 1 else None
    if found is None:
        return []
    within, told = found
    rate = estimate(within, len(told), doubt=doubt_of_rate(clusters_of(told)))
    undecided = len(tried) - len(told)
    return [MetricSummary(arm=arm, metric=f"pass^{k}", rate=rate, undecided=undecided)]


def _agreed(one: MetricSummary, found: Accord | None) -> MetricSummary:
    if found is None:
        return one
    return one.model_copy(update={"split": found.split, "alpha": found.alpha})


def _judged(one: MetricSummary, standing: Standing) -> MetricSummary:
    """With how far it may be believed, and what it is without the known errors of its judges."""
    card, rate = standing.card, one.rate
    within = None
    if card is not None:
        found = corrected(card, round(rate.value * rate.cases), rate.cases)
        within = rate.model_copy(
            update={
                "value": found.value,
                "low": found.low,
                "high": found.high,
                "method": "rogan-gladen, lang-reiczigel",
            }
        )
    return one.model_copy(update={"note": str(standing), "corrected": within})


def _smallest_drop(
    rules: GateRules, results: Sequence[Result], base: str, candidates: Sequence[str]
) -> float | None:
    """Of the candidate that hides most; of an arm alone, as if another one changed as usual.

    None where no drop would be seen, or nothing was tried by both.
    """
    alpha, theirs = fails_at(rules, max(len(candidates), 1)), by_case(results, base)
    if not candidates:
        told = [one for one in theirs.values() if one.mean(passed) is not None]
        if too_few_to_decide(clusters_of(told)):
            return None
        lumped = together([one.mean(passed) or 0.0 for one in told], clusters_of(told))
        return smallest_drop(max(len(told), 1), alpha=alpha, lumped=lumped)
    drops: list[float] = []
    for arm in candidates:
        both, mine, other = pairs(by_case(results, arm), theirs, passed)
        changes = [one - before for one, before in zip(mine, other, strict=True)]
        clusters = clusters_of(both)
        tells = both and not too_few_to_decide(clusters)
        drop = smallest_drop_seen(changes, clusters, alpha) if tells else None
        if drop is None:
            return None
        drops.append(drop)
    return max(drops)
