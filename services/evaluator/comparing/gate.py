"""May the candidate take the baseline's place: pass, fail, or these cases cannot tell.

A figure passes when the interval of its difference lies above what would be too much worse, and
fails when it is worse for sure and, as far as was seen, too much so. In between, the suite is too
small for the question, and says how large it would have to be. The worst of the checks decides.

One check that fails is enough, so each is held to its part of alpha: else two checks of equal arms
would cry wolf twice as often as one. To pass takes all of them, which needs no such thing.
"""

from collections.abc import Mapping, Sequence
from math import inf

from contracts.suite import CRITICAL, GateRules
from services.evaluator.calibration.trust import UNKNOWN, Standings
from services.evaluator.comparing.cases import (
    MEASURES,
    Figure,
    Tried,
    by_case,
    clusters_of,
    pairs,
    passed_for_sure,
)
from services.evaluator.comparing.doubts import (
    doubt_of_rate,
    too_few_to_decide,
    too_few_to_weigh,
)
from services.evaluator.comparing.reliable import floor_check
from services.evaluator.results import Check, Counted, Exit, GateFinding, Result
from services.evaluator.statistics.intervals import Interval
from services.evaluator.statistics.paired import difference_of_shares, ratio_of_means
from services.evaluator.statistics.power import CASES_LIMIT, cases_to_tell, smallest_drop_seen

_ORDER: tuple[Exit, ...] = ("pass", "inconclusive", "fail")
NAMED = 5  # cases in a sentence


def gate(
    rules: GateRules,
    results: Sequence[Result],
    baseline: str,
    candidate: str,
    standings: Standings,
    *,
    candidates: int = 1,
) -> GateFinding:
    """What the gate says of one of its `candidates`. `results` lack the cases in quarantine."""
    ours, theirs = by_case(results, candidate), by_case(results, baseline)
    believed = {name for name, one in standings.items() if one.card is not None}
    counted = passed_for_sure(believed)
    both, mine, other = pairs(ours, theirs, counted)
    judges = _judges(ours, standings)
    if not both:
        sentence = "No case has an outcome that counts in both arms."
        nothing = Check(name="pass rate", verdict="inconclusive", sentence=sentence)
        return _finding(baseline, candidate, [nothing, *judges], None)
    changes = [one - before for one, before in zip(mine, other, strict=True)]
    clusters, fails = clusters_of(both), fails_at(rules, candidates)
    checks = [
        _pass_rate(rules, fails, changes, clusters),
        *_untold(ours, theirs, both),
        *_dearer(rules, fails, ours, theirs),
        *_critical(rules, ours, theirs, counted),
        *_floor(rules, fails, ours, counted),
        *judges,
    ]
    tells = not too_few_to_decide(clusters)
    drop = smallest_drop_seen(changes, clusters, fails) if tells else None
    stands_on = Counted(
        cases=len(both),
        baseline_passed=sum(other),
        candidate_passed=sum(mine),
        judged=tuple(sorted(believed)),
    )
    finding = _finding(baseline, candidate, checks, drop)
    return finding.model_copy(update={"counted": stands_on})


def fails_at(rules: GateRules, candidates: int) -> float:
    """How sure each check of each candidate must be to fail: its part of alpha (Bonferroni).

    Holm's steps would come to the same: the first check that fails decides.
    """
    return rules.alpha / (rules.checks * candidates)


def decide(within: Interval, margin: float, surely: Interval | None = None) -> Exit:
    """By the interval of (candidate - baseline), where more is better.

    `surely` is the wider interval that a failure is held to, where several checks could fail. To be
    worse for sure is not enough: a suite of many cases is sure of drops that the margin allows.
    """
    if within.low > -margin:
        return "pass"
    surely = surely or within
    return "fail" if surely.high < 0 and surely.value < -margin else "inconclusive"


def worst(verdicts: Sequence[Exit]) -> Exit:
    """What several verdicts come to: a failure outweighs what cannot be told."""
    return max(verdicts, key=_ORDER.index)


def _finding(baseline: str, candidate: str, checks: list[Check], drop: float | None) -> GateFinding:
    return GateFinding(
        baseline=baseline,
        candidate=candidate,
        verdict=worst([one.verdict for one in checks]),
        checks=tuple(checks),
        smallest_drop=drop,
    )


def _pass_rate(
    rules: GateRules, fails: float, changes: Sequence[float], clusters: Sequence[str] | None
) -> Check:
    """One-sided on each side: at `alpha` to pass, at `fails` to fail."""
    within, surely = (
        difference_of_shares(changes, clusters, confidence=1 - 2 * alpha)
        for alpha in (rules.alpha, fails)
    )
    verdict = decide(within, rules.margin, surely)
    told = (
        f"It changed by {_points(within.value)}, between {_points(within.low)} and "
        f"{_points(within.high)}; down to -{100 * rules.margin:.3g} points counts as equal."
    )
    if too_few := too_few_to_decide(clusters):
        verdict, told = "inconclusive", f"{told} {too_few}."
    elif verdict == "inconclusive":
        more = _more(rules, fails, changes, clusters)
        told += f" These {len(changes)} cases cannot tell. {more}."
    elif doubt := doubt_of_rate(clusters):
        told += f" Of {doubt}."
    return Check(name="pass rate", verdict=verdict, sentence=told)


def _more(
    rules: GateRules, fails: float, changes: Sequence[float], clusters: Sequence[str] | None
) -> str:
    """How many cases would decide, if the arms differ by what was seen."""
    seen = difference_of_shares(changes, clusters)
    # From where the verdict would turn: the margin, or for a drop beyond it, no difference at all.
    apart, alpha = seen.value + rules.margin, rules.alpha
    if seen.value < -rules.margin:
        apart, alpha = -seen.value, fails
    needed = cases_to_tell(len(changes), seen, apart, alpha)
    if needed == inf:
        return f"More than {CASES_LIMIT:,} cases would"
    return f"About {needed:,.0f} cases would, should it stay so"


def _untold(
    ours: Mapping[str, Tried], theirs: Mapping[str, Tried], both: Sequence[Tried]
) -> list[Check]:
    """Cases of which an arm has no outcome are no reason to pass."""
    missing = sorted({*ours, *theirs} - {one.case for one in both})
    if not missing:
        return []
    sentence = f"{len(missing)} cases have no outcome in both arms: {_named(missing)}."
    # A candidate that fails by not answering would look better for it.
    verdict: Exit = "inconclusive" if len(missing) > len(both) // 10 else "pass"
    return [Check(name="outcomes", verdict=verdict, sentence=sentence)]


def _dearer(
    rules: GateRules, fails: float, ours: Mapping[str, Tried], theirs: Mapping[str, Tried]
) -> list[Check]:
    """What a case costs and takes, where the rules name a margin."""
    margins = {"cost": rules.cost_margin, "latency": rules.latency_margin}
    return [
        _measure(name, margin, (rules.alpha, fails), ours, theirs)
        for name, margin in margins.items()
        if margin is not None
    ]


def _measure(
    name: str,
    margin: float,
    alphas: tuple[float, float],
    ours: Mapping[str, Tried],
    theirs: Mapping[str, Tried],
) -> Check:
    both, mine, other = pairs(ours, theirs, MEASURES[name][0])
    if not both or sum(other) == 0:
        sentence = f"The baseline's {name} is 0 or unknown: nothing is a share of it."
        return Check(name=name, verdict="inconclusive", sentence=sentence)
    clusters = clusters_of(both)
    more, surely = (
        ratio_of_means(mine, other, clusters, confidence=1 - 2 * alpha) for alpha in alphas
    )
    sentence = (
        f"It changed by {100 * more.value:+.1f} %, between {100 * more.low:+.1f} % and "
        f"{100 * more.high:+.1f} %; up to +{100 * margin:.3g} % counts as equal."
    )
    if too_few := too_few_to_weigh(len(both), clusters):
        return Check(name=name, verdict="inconclusive", sentence=f"{sentence} {too_few}.")
    return Check(name=name, verdict=decide(_less(more), margin, _less(surely)), sentence=sentence)


def _less(more: Interval) -> Interval:
    """The same, where less is better."""
    return Interval(-more.value, -more.high, -more.low, more.method, more.confidence)


def _critical(
    rules: GateRules, ours: Mapping[str, Tried], theirs: Mapping[str, Tried], counted: Figure
) -> list[Check]:
    """Critical cases must pass in every repeat, whatever the average says.

    One that the candidate was not tried on, or has a repeat without an outcome, is not known to.
    """
    critical = sorted(
        {one.case for one in (*ours.values(), *theirs.values()) if CRITICAL in one.tags}
    )
    if not critical:
        return []
    outcomes = {name: _outcomes(ours, name, counted) for name in critical}
    failed = [name for name, got in outcomes.items() if 0.0 in got]
    unknown = [name for name, got in outcomes.items() if 0.0 not in got and None in got]
    kept, number = len(critical) - len(failed) - len(unknown), len(critical)
    verdict: Exit = "pass" if kept / number >= rules.critical_pass_k else "inconclusive"
    if (kept + len(unknown)) / number < rules.critical_pass_k:
        verdict = "fail"
    sentence = f"{kept} of {number} passed in every repeat"
    sentence += f"; not so {_named(failed)}" if failed else ""
    sentence += f"; without an outcome {_named(unknown)}" if unknown else ""
    return [Check(name="critical cases", verdict=verdict, sentence=f"{sentence}.")]


def _floor(
    rules: GateRules, fails: float, ours: Mapping[str, Tried], counted: Figure
) -> list[Check]:
    if rules.pass_k is None:
        return []
    return [floor_check(ours.values(), counted, rules.pass_k, (rules.alpha, fails))]


def _outcomes(ours: Mapping[str, Tried], case: str, counted: Figure) -> list[float | None]:
    """What each repeat of a case came to; of a case that was not tried, nobody knows."""
    return [counted(one) for one in ours[case].results] if case in ours else [None]


def _judges(ours: Mapping[str, Tried], standings: Standings) -> list[Check]:
    """What a judge says whom nobody has held against people is shown, and not counted."""
    judged = {
        score.name
        for one in ours.values()
        for result in one.results
        for score in result.scores
        if score.kind == "judged"
    }
    doubts = {name: standings.get(name, UNKNOWN) for name in sorted(judged)}
    told = "; ".join(f"{name}, {one.why_not}" for name, one in doubts.items() if one.card is None)
    if not told:
        return []
    sentence = f"Shown, and not counted: {told}. See: interlock eval calibrate --help."
    return [Check(name="judges", verdict="pass", sentence=sentence)]


def _points(share: float) -> str:
    return f"{100 * share:+.1f} points"


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
