"""What a finished run is scored by, and what comes of it.

Every run is held to the assertions that its agent lists; a trial also to the scorers that its task
carries. What needs somebody else, a judge or a database, has been asked before, and is told here.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from contracts.evaluation import AssertionResult, RunEvaluated
from contracts.history import Run
from contracts.history.stubs import trial_of
from contracts.scoring import (
    ApprovalsAtMost,
    Assertion,
    CostAtMost,
    Database,
    Effects,
    Exact,
    Forbidden,
    Fuzzy,
    JsonSchema,
    Judged,
    LatencyAtMost,
    Numeric,
    Overlap,
    Regex,
    Scorer,
    StepsAtMost,
    Trajectory,
)

from .sampling.drawing import Sample
from .scorers import limits, text, trajectory, world
from .scorers.assertions import UnknownAssertion, assertion
from .scorers.outcome import Outcome, answer_of, no_answer

Told = Mapping[str, AssertionResult]


def evaluate(
    run: Run,
    assertions: Sequence[str],
    told: Told = MappingProxyType({}),
    drawn: Sample | None = None,
) -> RunEvaluated:
    """Every assertion of its agent and every scorer of its trial. Without any, a run passes.

    `told` has the results of those that are not scored here, by metric. What it was `drawn` for is
    told, and decides nothing.
    """

    def found_by(scorer: Scorer) -> AssertionResult:
        return told[scorer.metric] if scorer.metric in told else scored(run, scorer)

    found = [scored(run, Assertion(value=name)) for name in assertions]
    spared = spared_scorers(run, assertions)
    found += [found_by(one) for one in scorers_of(run) if one not in spared]
    weight = sum(one.weight for one in found)
    score = sum(one.score * one.weight for one in found) / weight if found else 1.0
    passed = all(one.passed for one in found)
    if drawn is not None:
        chance = {"chance": drawn.chance}
        found += [found_by(scorer).model_copy(update=chance) for scorer in drawn.scorers]
    not_asked = tuple(one.metric for one in spared)
    return RunEvaluated(passed=passed, score=score, assertions=tuple(found), not_asked=not_asked)


def spared_scorers(run: Run, assertions: Sequence[str]) -> tuple[Judged, ...]:
    """Whom nobody needs to ask, as the suite says: an answer that a cheaper scorer failed has.

    A query may find another world the next time, so it decides nothing here.
    """
    trial = trial_of(run)
    if trial is None or trial.judges == "always":
        return ()
    cheap: list[Scorer] = [Assertion(value=name) for name in assertions]
    cheap += [one for one in trial.scorers if not isinstance(one, Judged | Database)]
    if not any(scored(run, one).outcome == "failed" for one in cheap):
        return ()
    return tuple(one for one in trial.scorers if isinstance(one, Judged))


def scorers_of(run: Run) -> tuple[Scorer, ...]:
    """The scorers of a trial; none of a run that is no trial."""
    trial = trial_of(run)
    return () if trial is None else trial.scorers


def scored(run: Run, scorer: Scorer) -> AssertionResult:
    """One scorer's result. What cannot be told passes nothing, and is undecided."""
    try:
        outcome = _outcome(run, scorer)
    except (UnknownAssertion, ValueError, ArithmeticError, RecursionError) as error:
        # A mistake in a suite must neither pass nor take the evaluator down.
        outcome = Outcome(None, f"it cannot be scored: {error}")
    return result(scorer, outcome)


def result(scorer: Scorer, outcome: Outcome) -> AssertionResult:
    """An outcome as it is said."""
    return AssertionResult(
        name=scorer.metric,
        passed=outcome.score is not None and outcome.score >= 1.0,
        score=outcome.score or 0.0,
        reason=outcome.reason,
        kind=scorer.kind,
        weight=scorer.weight,
        undecided=outcome.score is None,
    )


def _outcome(run: Run, scorer: Scorer) -> Outcome:
    match scorer:
        case Assertion():
            return assertion(run, scorer.value)
        case Trajectory():
            return trajectory.follows(run, scorer)
        case Forbidden():
            return trajectory.avoids(run, scorer)
        case Effects():
            return world.changed(run, scorer)
        case CostAtMost():
            return limits.cost(run, scorer)
        case LatencyAtMost():
            return limits.latency(run, scorer)
        case StepsAtMost():
            return limits.steps(run, scorer)
        case ApprovalsAtMost():
            return limits.approvals(run, scorer)
        case Judged() | Database():
            return Outcome(None, f"nobody could ask {scorer.metric}")
        case _:
            return _of_answer(run, scorer)


def _of_answer(run: Run, scorer: Exact | Regex | JsonSchema | Numeric | Fuzzy | Overlap) -> Outcome:
    answer = answer_of(run)
    if answer is None:
        return no_answer(run)
    match scorer:
        case Exact():
            return text.exact(answer, scorer)
        case Regex():
            return text.matches(answer, scorer)
        case JsonSchema():
            return text.fits_schema(answer, scorer)
        case Numeric():
            return text.near(answer, scorer)
        case Fuzzy():
            return text.nearly(answer, scorer)
        case Overlap():
            return text.overlaps(answer, scorer)
