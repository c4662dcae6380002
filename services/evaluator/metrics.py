"""What the evaluator counts of what it says: scores of runs, by agent; and what it drew by lot."""

from collections.abc import Sequence

from prometheus_client import Counter, Histogram

from contracts.evaluation import AssertionResult, RunEvaluated

SCORES = tuple(step / 10 for step in range(11))

SCORE = Histogram("interlock_evaluation_score", "Scores of runs", ["agent"], buckets=SCORES)
EVALUATED = Counter("interlock_evaluations", "Runs that were assessed", ["agent", "passed"])
# Metrics are those of online.yaml, so they are few. Rates are of the weight, not of the count.
DRAWN = Counter("interlock_online_scores", "Runs that were drawn", ["agent", "metric", "outcome"])
WEIGHT = Counter(
    "interlock_online_weight", "Runs that they stand for", ["agent", "metric", "outcome"]
)


RETURNED = Counter(
    "interlock_canaries_returned", "Canaries that were taken away", ["agent", "outcome"]
)


def count(agent: str, told: RunEvaluated) -> None:
    """One assessment of a run of this agent."""
    SCORE.labels(agent).observe(told.score)
    EVALUATED.labels(agent, str(told.passed).lower()).inc()


def count_drawn(agent: str, results: Sequence[AssertionResult]) -> None:
    """What a run of this agent was scored by because it was drawn."""
    for one in results:
        DRAWN.labels(agent, one.name, one.outcome).inc()
        WEIGHT.labels(agent, one.name, one.outcome).inc(1 / one.chance)
