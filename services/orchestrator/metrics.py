"""What the orchestrator counts of what it says: runs that ended, steps, answers of people."""

from datetime import datetime

from prometheus_client import Counter, Histogram

from contracts.envelope import Fact
from contracts.history import Run, Step
from contracts.model import ModelRequested, ModelResponded
from contracts.review import ReviewDecided
from contracts.run import RunCancelled, RunCompleted, RunFailed
from contracts.shape import Body
from contracts.tool import ToolFailed, ToolSucceeded
from shared.bus import Said
from shared.metrics import LONG_SECONDS, SECONDS, UNKNOWN

COUNTS = (0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 1000)
HUMAN_SECONDS = (10, 60, 300, 900, 3600, 4 * 3600, 86_400, 3 * 86_400)

FINISHED = Counter(
    "interlock_runs_finished", "Runs that ended, and by which rule", ["agent", "outcome", "rule"]
)
DURATION = Histogram(
    "interlock_run_duration_seconds",
    "From submission to the end, waits for people included",
    ["agent", "outcome"],
    buckets=LONG_SECONDS,
)
STEPS = Histogram("interlock_run_steps", "Steps of runs that ended", ["agent"], buckets=COUNTS)
TOOL_CALLS = Histogram(
    "interlock_run_tool_calls", "Tool calls of runs that ended", ["agent"], buckets=COUNTS
)
DECIDED = Histogram(
    "interlock_review_decision_seconds",
    "From a question to its decision",
    ["decision"],
    buckets=HUMAN_SECONDS,
)
OVERHEAD = Histogram(
    "interlock_step_overhead_seconds",
    "Of a step without a review, what neither its model nor its slowest tool took",
    buckets=SECONDS,
)


def count(said: Said) -> None:
    """One fact that was stored."""
    run, fact = said.run, said.fact
    if run is None:
        return
    match fact.body:
        case RunCompleted() | RunFailed() | RunCancelled():
            _end(run, fact)
            _step(run, fact.time)
        case ModelRequested():
            _step(run, fact.time)
        case ReviewDecided() as decided:
            question = run.review(decided.review_id)
            if question is not None:
                seconds = (fact.time - question.requested.time).total_seconds()
                DECIDED.labels(decided.outcome).observe(max(0.0, seconds))


def _end(run: Run, fact: Fact[Body]) -> None:
    # A task may name any agent: those that never started are not told apart.
    agent = UNKNOWN if run.started is None else run.started.body.agent.name
    outcome = fact.type.removeprefix("run.")
    FINISHED.labels(agent, outcome, getattr(fact.body, "rule", "")).inc()
    STEPS.labels(agent).observe(run.steps_taken)
    TOOL_CALLS.labels(agent).observe(sum(len(step.calls) for step in run.steps))
    if run.submitted is not None:
        seconds = (fact.time - run.submitted.time).total_seconds()
        DURATION.labels(agent, outcome).observe(max(0.0, seconds))


def _step(run: Run, now: datetime) -> None:
    step = run.step
    if step is not None and (seconds := overhead_seconds(run, step, now)) is not None:
        OVERHEAD.observe(seconds)


def overhead_seconds(run: Run, step: Step, now: datetime) -> float | None:
    """What a finished step took beyond its model and its tools; None where people were asked."""
    asked = {review.requested.body.call for review in run.reviews}
    if step.outcome is None or any(call.name in asked for call in step.calls):
        return None
    answer = step.outcome.body
    model_ms = answer.duration_ms if isinstance(answer, ModelResponded) else 0
    tool_ms = max((_duration_ms(each.outcome) for c in step.calls for each in c.tries), default=0)
    whole = (now - step.requested.time).total_seconds()
    return max(0.0, whole - (model_ms + tool_ms) / 1000)


def _duration_ms(outcome: Fact[Body] | None) -> int:
    if outcome is None or not isinstance(outcome.body, ToolSucceeded | ToolFailed):
        return 0
    return outcome.body.duration_ms
