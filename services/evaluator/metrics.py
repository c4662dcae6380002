"""What the evaluator counts of what it says: scores of runs, by agent."""

from prometheus_client import Counter, Histogram

from contracts.evaluation import RunEvaluated

SCORES = tuple(step / 10 for step in range(11))

SCORE = Histogram("interlock_evaluation_score", "Scores of runs", ["agent"], buckets=SCORES)
EVALUATED = Counter("interlock_evaluations", "Runs that were assessed", ["agent", "passed"])


def count(agent: str, told: RunEvaluated) -> None:
    """One assessment of a run of this agent."""
    SCORE.labels(agent).observe(told.score)
    EVALUATED.labels(agent, str(told.passed).lower()).inc()
