"""A task: what a producer asks for, and what becomes of a second one under the same name."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from .agent import Plan, ReleaseLabel
from .ids import child_run_id
from .shape import Body, Seconds, Sha256, Token, Usd, UtcTime, Written, to_micro_usd
from .trial import Trial

INPUT_LIMIT_CHARACTERS = 262_144
METADATA_LIMIT_ENTRIES = 32
JUDGE_PREFIX = "judge-"  # of the run ids in which judges are asked
CHECK_PREFIX = "check-"  # and of those in which a model is asked about content that waits

Name = Annotated[str, StringConstraints(min_length=1, max_length=128)]
Note = Annotated[str, StringConstraints(max_length=1024)]


class TaskLimits(Written):
    """Ceilings of one run. They can only tighten those of the agent."""

    budget_usd: Usd | None = None
    steps: Annotated[int, Field(gt=0, le=10_000)] | None = None
    deadline: Seconds | None = Field(None, description="Seconds, or text such as 15m")

    @property
    def budget_micro_usd(self) -> int | None:
        return None if self.budget_usd is None else to_micro_usd(Decimal(self.budget_usd))


class Fork(Written):
    """From which step of another run this one starts anew, and what it changes.

    A fork is a shadow: recorded results are replayed, and any other effect is refused.
    """

    run_id: Token
    step: Annotated[int, Field(ge=1)] = 1
    model: Token | None = None
    instructions: Annotated[str, StringConstraints(min_length=1, max_length=65_536)] | None = None
    policy: Name | None = Field(
        None, description="The version of the tool policy that it must be judged by"
    )


class ParentCall(Body):
    """The call of another run that this run answers."""

    run_id: Token
    call: str
    attempt: int
    depth: int = Field(ge=1, description="How many calls of agents lie above it")
    deadline: UtcTime


class Judging(Body):
    """The run that this one is to judge, by which scorer of it, and as which judge.

    Where two answers are compared, each judge is asked twice, and the `order` tells which came
    first.
    """

    run_id: Token
    metric: str
    judge: Token
    order: Literal["forward", "backward"] = "forward"


class Checking(Body):
    """What waits for a verdict of the gate, and by which of its checks this run is to judge it.

    `fact` is the id of the fact whose content waits: a task, a follow-up, an outcome of a call, or
    an answer of the run.
    """

    run_id: Token
    check: Token
    fact: str


class TaskSubmitted(Body):
    """`task.submitted`: the one fact that a plain client publishes as bare JSON."""

    # A person wrote it, so an unknown field is a mistake to be told.
    model_config = ConfigDict(frozen=True, extra="forbid")

    agent: Token
    input: Annotated[str, StringConstraints(min_length=1, max_length=INPUT_LIMIT_CHARACTERS)]
    customer: Name | None = None
    feature: Name | None = None
    user: Name | None = None
    requester: Name | None = Field(
        None, description="Who submitted it, as the console authenticated them"
    )
    label: ReleaseLabel | None = Field(
        None, description="The release of the agent to run; absent: production, or its canary"
    )
    plan: Plan | None = Field(
        None,
        description="The tools that the task needs and how often it may call each; "
        "whatever is beyond needs a person. It only tightens that of the agent. "
        "`ask_clerk/find_order` is a tool of each run that ask_clerk calls",
    )
    priority: Annotated[int, Field(ge=1, le=9)] = Field(5, description="1 is served first")
    concurrency_key: Name | None = Field(
        None, description="Of runs with one key in a tenant, one is open at a time"
    )
    continues: Token | None = Field(None, description="The run whose conversation goes on here")
    fork: Fork | None = None
    parent: ParentCall | None = None
    trial: Trial | None = None
    judging: Judging | None = None
    checking: Checking | None = None
    limits: TaskLimits = TaskLimits()
    metadata: dict[Name, Note] = Field(default_factory=dict, max_length=METADATA_LIMIT_ENTRIES)

    @property
    def parent_run_id(self) -> str | None:
        """The run above it: the one that calls it, that it judges, or whose content it checks."""
        above = self.parent or self.judging or self.checking
        return above.run_id if above is not None else None

    def may_be_named(self, run_id: str) -> bool:  # noqa: ARG002 - a producer names its runs itself
        """Whether a task of this kind may lie under a run id."""
        return True


class TaskDelegated(TaskSubmitted):
    """`task.delegated`: the executor submits the task that answers a call of another run.

    It is cleared only as what that run's log says was called, and only under the id of that call.
    """

    parent: ParentCall

    def may_be_named(self, run_id: str) -> bool:
        above = self.parent
        return run_id == child_run_id(above.run_id, above.call, above.attempt)


class TaskPutToJudge(TaskSubmitted):
    """`task.put_to_judge`: the evaluator asks a judge about a run that is over.

    It is cleared only where there is such a run, and the judge can do nothing but answer.
    """

    judging: Judging

    def may_be_named(self, run_id: str) -> bool:
        return run_id.startswith(JUDGE_PREFIX)


class TaskPutToCheck(TaskSubmitted):
    """`task.put_to_check`: the gate asks a model about content that waits for its verdict.

    It is cleared only while that waits, and who is asked can do nothing but answer.
    """

    checking: Checking

    def may_be_named(self, run_id: str) -> bool:
        return run_id.startswith(CHECK_PREFIX)


class TaskScheduled(TaskSubmitted):
    """`task.scheduled`: the orchestrator submits what the clock is to start.

    It is cleared only as it stands in `schedules.yaml`.
    """

    schedule: Token

    def may_be_named(self, run_id: str) -> bool:
        return run_id.startswith(f"{self.schedule}-")


class TaskConflicted(Body):
    """`task.conflicted`: another body came under a run id that was taken. The first one wins."""

    first_sha256: Sha256
    second_sha256: Sha256
    second_sequence: int
    reason: str

    @property
    def branch(self) -> str:
        return str(self.second_sequence)
