"""Control: what people ask of runs that are under way, and what became of it.

A run is paused, resumed or given more input by facts of its own; an agent, a tenant or the whole
platform by an order on the stream `CONTROL`, of which the last for each scope is in force.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from .shape import Body, Sha256, Token, UtcTime
from .task import INPUT_LIMIT_CHARACTERS, Name

Scope = Literal["platform", "tenant", "agent", "tool"]
InputPolicy = Literal["reject", "enqueue", "interrupt", "rollback"]
INPUTS_LIMIT = 100  # a run; what comes after is refused
REASON_LIMIT = 1024


class Order(Body):
    """What holds for many runs from now on. On each subject the last one is in force."""

    at: UtcTime
    nonce: Token

    @property
    def subject(self) -> str:
        raise NotImplementedError

    @property
    def told(self) -> str:
        """It in a few words."""
        raise NotImplementedError


class ControlOrdered(Order):
    """An order for every run of a scope, or for a tool. `stopped` is the kill switch.

    Paused, its runs take no further step until it is `running` again; what is claimed finishes.
    Stopped, they are cancelled, new ones are refused, and no effect starts any more. No call of a
    stopped tool starts; one that is in quarantine runs again where the order names its very pin.
    """

    scope: Scope
    name: Token | None = Field(
        None, description="The tenant, agent or tool; absent for the platform"
    )
    state: Literal["running", "paused", "stopped"]
    principal: str
    reason: Annotated[str, StringConstraints(max_length=REASON_LIMIT)] = ""
    pin_sha256: Sha256 | None = Field(
        None, description="Of a tool that is released from quarantine: what somebody looked at"
    )

    @model_validator(mode="after")
    def _named_unless_for_all(self) -> Self:
        if (self.name is None) != (self.scope == "platform"):
            raise ValueError("a tenant or an agent has a name, and the platform has none")
        if self.scope == "tool" and self.state == "paused":
            raise ValueError("a tool is running or stopped: it has no state to be paused in")
        if self.pin_sha256 is not None and (self.scope, self.state) != ("tool", "running"):
            raise ValueError("only a tool that may run is released by its pin")
        return self

    def covers(self, tenant: str, agent: str) -> bool:
        """Whether it is about the runs of this agent in this tenant."""
        names = {"tenant": tenant, "agent": agent}
        return self.scope == "platform" or self.name == names.get(self.scope, "")

    @property
    def what(self) -> str:
        """Its scope in words."""
        return f"the {self.scope} {self.name}" if self.name else "the platform"

    @property
    def subject(self) -> str:
        return control_subject(self.scope, self.name)

    @property
    def told(self) -> str:
        return f"{self.state} by {self.principal}"


def control_subject(scope: Scope, name: str | None) -> str:
    """Where the last order for a scope lies."""
    return f"control.{scope}.{name}" if name else f"control.{scope}"


class AskedByPerson(Body):
    """What a person asks of a run; signed for them. They may ask the same again."""

    principal: str
    reason: str = ""
    nonce: str

    @property
    def branch(self) -> str:
        return self.nonce


class RunCancelRequested(AskedByPerson):
    """`run.cancel_requested`: the run is to end."""


class RunPauseRequested(AskedByPerson):
    """`run.pause_requested`: the run is to stand still."""


class RunResumeRequested(AskedByPerson):
    """`run.resume_requested`: the run is to go on."""


class RunPaused(Body):
    """`run.paused`: no further step is taken. Its deadline stands still meanwhile.

    `parent` says that the run which called this one is paused.
    """

    scope: Literal["run", "agent", "tenant", "platform", "parent"]
    principal: str
    reason: str = ""
    number: int = Field(ge=1, description="The how-manieth pause of the run")

    @property
    def branch(self) -> str:
        return str(self.number)


class RunResumed(Body):
    """`run.resumed`: the run goes on."""

    principal: str
    reason: str = ""
    number: int = Field(ge=1)

    @property
    def branch(self) -> str:
        return str(self.number)


class RunParentEnded(Body):
    """`run.parent_ended`: the run that called this one is over, so this one is called off."""

    parent_run_id: Token
    status: Literal["completed", "failed", "cancelled"]
    reason: str


class RunParentStanding(Body):
    """Whether the run that called this one stands still."""

    parent_run_id: Token
    principal: str
    reason: str = ""
    number: int = Field(ge=1, description="The how-manieth pause of that run")

    @property
    def branch(self) -> str:
        return str(self.number)


class RunParentPaused(RunParentStanding):
    """`run.parent_paused`: the run that called this one is paused, and so is this one."""


class RunParentResumed(RunParentStanding):
    """`run.parent_resumed`: that pause is over, whether it was told or not."""


class RunChildStoodStill(Body):
    """`run.child_stood_still`: a run that this one called waits for people, or is paused.

    The deadline of this one stands still as long, by the times that lie in the log of the other.
    """

    child_run_id: Token
    call: str
    attempt: int
    because: str = Field(description="The id of the fact, in the log of the other, that says so")
    since: UtcTime
    reason: str

    @property
    def branch(self) -> str:
        return self.because


class RunChildWentOn(Body):
    """`run.child_went_on`: what it waited for has come, or its pause is over."""

    child_run_id: Token
    because: str = Field(description="The id of the fact with which it went on")
    until: UtcTime


class InputSubmitted(Body):
    """`input.submitted`: more input to a run that is under way.

    `reject` gives way while the run works, `enqueue` waits for its answer, `interrupt` comes
    before the next step, `rollback` also takes back all that came since the task.
    """

    text: Annotated[str, StringConstraints(min_length=1, max_length=INPUT_LIMIT_CHARACTERS)]
    policy: InputPolicy = "enqueue"
    user: Name | None = None
    principal: Name | None = Field(None, description="Who gave it, where a person did by HTTP")
    nonce: Token

    @property
    def branch(self) -> str:
        return self.nonce


class InputTaken(Body):
    """`input.taken`: the input is shown to the model from this step on."""

    policy: InputPolicy
    step: int = Field(ge=1)


class InputRefused(Body):
    """`input.refused`: the input changes nothing, and why."""

    rule: Literal["busy", "blocked", "run_over", "too_many"]
    reason: str
