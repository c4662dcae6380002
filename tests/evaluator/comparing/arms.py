"""Results of made-up arms: who passes what, with or without repeats, clusters and judges."""

from collections.abc import Iterable
from datetime import UTC, date, datetime

from contracts.evaluation import AssertionResult
from contracts.suite import GateRules
from services.evaluator.comparing import compare
from services.evaluator.results import Arm, Experiment, GateFinding, Report, Result

TODAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def experiment(rules: GateRules, *arms: str) -> Experiment:
    return Experiment(
        name="e-1",
        suite="support",
        suite_sha256="0" * 64,
        arms=tuple(Arm(name=name, agent="support") for name in arms),
        repeats=1,
        cases=1,
        started_at=NOON,
        rules=rules,
    )


def score(name: str, passed: bool, **more: object) -> AssertionResult:
    return AssertionResult(
        **{"name": name, "passed": passed, "score": float(passed), "reason": "so", **more}
    )


def result(arm: str, case: str, passed: bool | None, **more: object) -> Result:
    """A trial that was held to one thing, unless `scores` are given."""
    given = {
        "arm": arm,
        "case": case,
        "run_id": f"{arm}-{case}",
        "tenant": "acme",
        "status": "completed",
        "passed": passed,
        "scores": () if passed is None else (score("held", passed),),
        "cost_micro_usd": 1000,
        "seconds": 2.0,
        "steps": 2,
    }
    return Result(**{**given, **more})


def arm(name: str, outcomes: Iterable[bool | None], **more: object) -> list[Result]:
    """One case for each outcome."""
    return [result(name, f"c-{at}", one, **more) for at, one in enumerate(outcomes)]


def report(*results: list[Result], rules: GateRules | None = None, **more: object) -> Report:
    """Of these arms, the first being the baseline."""
    names = [one[0].arm for one in results]
    told = [each for one in results for each in one]
    return compare(experiment(rules or GateRules(), *names), told, TODAY, **more)


def verdict(*results: list[Result], **more: object) -> GateFinding:
    (found,) = report(*results, gated=True, **more).gates
    return found
