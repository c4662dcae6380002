"""What a run of a suite found: one result for each trial, and what follows from all of them.

The results are the record, one a line in `results.jsonl`; a report can be made again from them.
"""

from typing import Literal

from pydantic import Field

from contracts.evaluation import AssertionResult
from contracts.shape import Body, UtcTime
from contracts.suite import GateRules

Exit = Literal["pass", "fail", "inconclusive"]


class Arm(Body):
    """One version of the agent that was tried: under which name, and what it was."""

    name: str
    agent: str
    agent_version: str = ""
    model: str | None = None
    instructions_sha256: str | None = None


class Experiment(Body):
    """One run of a suite: the first line of its results."""

    name: str
    suite: str
    suite_sha256: str
    arms: tuple[Arm, ...]
    repeats: int
    cases: int
    started_at: UtcTime
    budget_micro_usd: int | None = None
    rules: GateRules = GateRules()


class Result(Body):
    """One trial: what became of its run, what it scored, and what it cost.

    `passed` is None where it says nothing of the agent: its judges are undecided, or the platform
    could not run it. `blocked` counts what a gate refused, `approvals` what a person was asked.
    """

    arm: str
    case: str
    repeat: int = 1
    run_id: str
    tenant: str
    status: str
    agent_version: str = ""
    passed: bool | None
    score: float | None = None
    answer: str = ""
    why: str = ""
    scores: tuple[AssertionResult, ...] = ()
    not_asked: tuple[str, ...] = Field(
        (), description="Judged metrics that a cheaper scorer had failed already: nobody was asked"
    )
    cost_micro_usd: int = 0
    judging_micro_usd: int = 0
    seconds: float = 0.0
    steps: int = 0
    approvals: int = 0
    blocked: int = 0
    tags: tuple[str, ...] = ()
    cluster: str | None = None
    weight: float = 1.0
    is_over: bool = Field(True, description="False: its run goes on, and may spend more")
    recorded: bool = Field(False, description="It was run for somebody, and not for this")
    touched_nothing: bool | None = Field(None, description="Whether its facts prove that")

    @property
    def spent_micro_usd(self) -> int:
        """What the experiment paid for it."""
        return 0 if self.recorded else self.cost_micro_usd + self.judging_micro_usd

    @property
    def is_told(self) -> bool:
        """Whether it says something, if only that its judges cannot tell."""
        return self.passed is not None or bool(self.scores)


class Estimate(Body):
    """A figure with the interval that it lies in, and how both were found.

    `unit` is `share`, `usd`, `seconds` or `calls`. Of one observation, or one cluster, nobody knows
    how sure it is: then the bounds are None. `doubt` is why the interval may hold less often than
    its `confidence` says; empty where it holds.
    """

    value: float
    low: float | None
    high: float | None
    cases: int
    method: str
    unit: str = "share"
    confidence: float = 0.95
    doubt: str = ""


class MetricSummary(Body):
    """One metric of one arm. A pass rate corrected for the errors of its judges is `corrected`.

    `not_asked` counts trials whose judges were spared: the rate is that of the others.
    Of a metric that juries decided, `split` is the share of them that was of two minds, and `alpha`
    how far their judges agree beyond chance (Krippendorff).
    """

    arm: str
    metric: str
    rate: Estimate
    undecided: int = 0
    not_asked: int = 0
    corrected: Estimate | None = None
    split: float | None = None
    alpha: float | None = None
    note: str = ""


class Difference(Body):
    """Candidate less baseline, over the cases that both tried.

    `better` and `worse` count the cases that changed: passes are better, and so is less money, time
    or work. `adjusted_p` allows for the number of metrics that were looked at.
    """

    metric: str
    baseline: str
    candidate: str
    estimate: Estimate
    p_value: float
    adjusted_p: float
    better: int = 0
    worse: int = 0
    test: str


class Check(Body):
    """One question of the gate, its answer, and the sentence that explains it."""

    name: str
    verdict: Exit
    sentence: str


class Counted(Body):
    """What a verdict stands on: cases told in both arms, their passes, and judges that counted."""

    cases: int = 0
    baseline_passed: float = 0.0
    candidate_passed: float = 0.0
    judged: tuple[str, ...] = ()


class GateFinding(Body):
    """What the gate says of a candidate. The worst of its checks decides."""

    baseline: str | None
    candidate: str
    verdict: Exit
    checks: tuple[Check, ...]
    smallest_drop: float | None = Field(
        description="The smallest fall of the pass rate that these cases show 8 times out of 10"
    )
    counted: Counted = Counted()


class Report(Body):
    """Everything that a report shows, in whichever form."""

    experiment: Experiment
    arms: tuple[str, ...]
    metrics: tuple[MetricSummary, ...]
    differences: tuple[Difference, ...]
    gates: tuple[GateFinding, ...]
    smallest_drop: float | None
    results: tuple[Result, ...]
    notes: tuple[str, ...] = ()
