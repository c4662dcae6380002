"""What a gate says of two versions, found again from their trials; the worst check decides."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from contracts.suite import DECIDING_CLUSTERS, SEEN, GateRules
from services.console.rules.gates.differences import Within, of_means, of_share, of_shares
from services.console.rules.gates.trials import (
    Figure,
    Tried,
    TriedCase,
    asked_differently,
    by_case,
    pairs,
)

Verdict = Literal["pass", "fail", "inconclusive"]
_ORDER: tuple[Verdict, ...] = ("pass", "inconclusive", "fail")
Cases = Mapping[str, TriedCase]
Alphas = tuple[float, float]  # how sure a figure must be to pass, and to fail
NAMED = 5  # cases in a sentence


@dataclass(frozen=True, slots=True)
class Found:
    """How many cases both have an outcome of, their passes, and the verdict."""

    cases: int
    candidate_passed: float
    baseline_passed: float
    verdict: Verdict


def passed(trial: Tried) -> float | None:
    """1 or 0; None where nobody can tell."""
    return trial.passed


def verdict_of(
    rules: GateRules,
    candidate: Iterable[Tried],
    baseline: Iterable[Tried],
    on: date,
    candidates: int = 1,
) -> Found:
    """The verdict by these rules on that day, when some cases may have been in quarantine.

    The candidate is one of so many `candidates`.

    Raises:
        ValueError: trials of one case were not asked the same.
    """
    out = {case for case, until in rules.quarantine.items() if date.fromisoformat(until) >= on}
    mine_told = [one for one in candidate if one.case not in out]
    theirs_told = [one for one in baseline if one.case not in out]
    _check_asked([*mine_told, *theirs_told])
    ours, theirs, alphas = by_case(mine_told), by_case(theirs_told), _alphas(rules, candidates)
    clusters, mine, other = pairs(ours, theirs, passed)
    if not mine:
        return Found(0, 0.0, 0.0, "inconclusive")
    changes = [one - before for one, before in zip(mine, other, strict=True)]
    passes, fails = (of_shares(changes, clusters, 1 - 2 * one) for one in alphas)
    checks = [
        _unless_too_few(_decided(passes, fails, rules.margin), clusters),
        _untold(ours, theirs, len(mine)),
        _measured(rules.cost_margin, alphas, ours, theirs, lambda one: one.cost),
        _measured(rules.latency_margin, alphas, ours, theirs, lambda one: one.seconds),
        _critical(rules, ours, theirs),
        _every_time(rules, alphas, ours),
    ]
    return Found(len(mine), sum(mine), sum(other), max(checks, key=_ORDER.index))


def _check_asked(trials: Iterable[Tried]) -> None:
    apart = asked_differently(trials)
    if apart:
        more = f" and {len(apart) - NAMED} more" if len(apart) > NAMED else ""
        names = ", ".join(apart[:NAMED]) + more
        raise ValueError(f"not all trials of a case were asked the same, or held to it: {names}")


def _alphas(rules: GateRules, candidates: int) -> Alphas:
    """How sure a figure must be to pass, and to fail: one that fails is enough to cry wolf.

    So each figure of each candidate is held to its part of alpha before it fails.
    """
    return rules.alpha, rules.alpha / (rules.checks * candidates)


def _decided(passes: Within, fails: Within, margin: float) -> Verdict:
    """By the intervals of a difference of which more is better."""
    if passes.low > -margin:
        return "pass"
    return "fail" if fails.high < 0 and fails.value < -margin else "inconclusive"


def _unless_too_few(verdict: Verdict, clusters: Sequence[str]) -> Verdict:
    """No rate decides by cases of a few clusters; cases that stand alone may be few."""
    number = len(set(clusters))
    is_clustered = number < len(clusters)
    return "inconclusive" if is_clustered and number < DECIDING_CLUSTERS else verdict


def _untold(ours: Cases, theirs: Cases, both: int) -> Verdict:
    """A candidate that fails by not answering would look better for it."""
    missing = len({*ours, *theirs}) - both
    return "inconclusive" if missing > both // 10 else "pass"


def _measured(
    margin: float | None, alphas: Alphas, ours: Cases, theirs: Cases, figure: Figure
) -> Verdict:
    if margin is None:
        return "pass"
    clusters, mine, other = pairs(ours, theirs, figure)
    if not mine or sum(other) == 0 or len(set(clusters)) < SEEN:
        return "inconclusive"
    more = (of_means(mine, other, clusters, 1 - 2 * one) for one in alphas)
    passes, fails = (Within(-one.value, -one.high, -one.low) for one in more)
    return _decided(passes, fails, margin)


def _every_time(rules: GateRules, alphas: Alphas, ours: Cases) -> Verdict:
    """The floor of pass^k, over the cases with an outcome of every repeat."""
    if rules.pass_k is None:
        return "pass"
    k = max(len(one.trials) for one in ours.values())
    told = [one for one in ours.values() if all(each.passed is not None for each in one.trials)]
    whole = [one for one in told if len(one.trials) == k]
    if not whole:
        return "inconclusive"
    values = [float(all(each.passed for each in one.trials)) for one in whole]
    clusters = [one.cluster for one in whole]
    passes, fails = (of_share(values, clusters, 1 - 2 * one) for one in alphas)
    verdict: Verdict = "pass" if passes.low >= rules.pass_k else "inconclusive"
    return _unless_too_few("fail" if fails.high < rules.pass_k else verdict, clusters)


def _critical(rules: GateRules, ours: Cases, theirs: Cases) -> Verdict:
    """Critical cases pass in every repeat; one without an outcome is not known to."""
    names = {name for cases in (ours, theirs) for name, one in cases.items() if one.is_critical}
    if not names:
        return "pass"
    told = [
        [one.passed for one in ours[name].trials] if name in ours else [None]
        for name in sorted(names)
    ]
    failed = sum(0.0 in one for one in told)
    unknown = sum(0.0 not in one and None in one for one in told)
    if (len(names) - failed) / len(names) < rules.critical_pass_k:
        return "fail"
    kept = (len(names) - failed - unknown) / len(names)
    return "pass" if kept >= rules.critical_pass_k else "inconclusive"
