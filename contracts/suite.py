"""A suite: the cases that an agent is held to, and what a change of it must not make worse.

`suites/<name>.yaml` is a suite. A `.jsonl` file holds cases alone, one a line, for a suite to name.
"""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from .scoring import Scorers
from .shape import Token, Usd, Written
from .task import INPUT_LIMIT_CHARACTERS, Name, Note, TaskLimits
from .trial import JUDGES_ASKED, REPEATS_LIMIT, STUBS_LIMIT, TAGS_LIMIT, Answer, JudgesAsked, Stub

CASES_LIMIT = 100_000
CRITICAL = "critical"
DEFAULT_MARGIN = 0.03
# Of fewer cases or clusters, what befalls one in ten is missed in more than 5 of 100 draws.
SEEN = 30
DECIDING_CLUSTERS = 10  # of fewer, nobody knows the error of a rate well enough for a verdict


class Source(Written):
    """The run, and the step of it, that a case was made from."""

    run_id: Token
    step: Annotated[int, Field(ge=1)] | None = None


class Case(Written):
    """One situation, and what the agent's answer to it is held to."""

    id: Token
    input: Annotated[str, StringConstraints(min_length=1, max_length=INPUT_LIMIT_CHARACTERS)]
    scorers: Scorers = ()
    stubs: Annotated[tuple[Stub, ...], Field(max_length=STUBS_LIMIT)] = ()
    reviews: Answer = "reject"
    tags: Annotated[tuple[Token, ...], Field(max_length=TAGS_LIMIT)] = ()
    cluster: Token | None = Field(
        None, description="Cases of one cluster fail together: one document, one customer"
    )
    weight: Annotated[float, Field(gt=0, le=1000)] = 1.0
    customer: Name | None = None
    user: Name | None = None
    metadata: dict[Name, Note] = Field(default_factory=dict, max_length=TAGS_LIMIT)
    source: Source | None = None

    @property
    def is_critical(self) -> bool:
        return CRITICAL in self.tags


class GateRules(Written):
    """When a change passes. Each margin is how much worse it may be, and still count as equal."""

    margin: Annotated[float, Field(ge=0, lt=1)] = Field(
        DEFAULT_MARGIN, description="Of the pass rate, as a share: 0.03 is 3 points"
    )
    alpha: Annotated[float, Field(gt=0, le=0.5)] = Field(
        0.05, description="How often a change that is worse by the margin may pass"
    )
    cost_margin: Annotated[float, Field(ge=0, le=10)] | None = Field(
        None, description="Of the mean cost of a case, as a share of the baseline's; None: any"
    )
    latency_margin: Annotated[float, Field(ge=0, le=10)] | None = None
    critical_pass_k: Annotated[float, Field(ge=0, le=1)] = Field(
        1.0, description="Share of the critical cases that must pass in every repeat"
    )
    pass_k: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None, description="pass^k: share of all cases that must pass in every repeat; None: any"
    )
    quarantine: dict[Token, str] = Field(
        default_factory=dict, description="Cases left out of the gate, each until a date"
    )

    @property
    def checks(self) -> int:
        """How many figures could fail a candidate by chance: the pass rate, and what is named."""
        named = (self.cost_margin, self.latency_margin, self.pass_k)
        return 1 + sum(one is not None for one in named)


class Suite(Written):
    """Cases of one agent, with the scorers that all of them share."""

    name: Token
    description: Annotated[str, StringConstraints(max_length=4096)] = ""
    agent: Token
    scorers: Scorers = ()
    stubs: Annotated[tuple[Stub, ...], Field(max_length=STUBS_LIMIT)] = ()
    cases: Annotated[tuple[Case, ...], Field(max_length=CASES_LIMIT)] = ()
    files: Annotated[tuple[str, ...], Field(max_length=100)] = Field(
        (), description="More cases: .jsonl files, from where the suite lies"
    )
    repeats: Annotated[int, Field(ge=1, le=REPEATS_LIMIT)] = 1
    judges: JudgesAsked = JUDGES_ASKED
    limits: TaskLimits = TaskLimits()
    budget_usd: Usd | None = Field(None, description="Of one run of the whole suite, judges too")
    gate: GateRules = GateRules()

    @model_validator(mode="after")
    def _cases_differ(self) -> Self:
        seen: set[str] = set()
        for case in self.cases:
            if case.id in seen:
                raise ValueError(f"two cases are named {case.id}; give each a name of its own")
            seen.add(case.id)
        return self
