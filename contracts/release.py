"""Releases: which definition of an agent each of its labels stands for.

Without any, an agent is as the configuration of the platform has it. `production` takes its place,
`canary` takes a share of production's runs, and `staging` is for those who ask for it by name. A
label moves with the record of a gate, and production's only with a second person.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from .agent import Agent, ReleaseLabel
from .control import REASON_LIMIT, Order
from .ids import is_same_person, is_service, lot_of
from .shape import Body, Sha256, Token, UtcTime
from .subjects import RELEASE
from .suite import GateRules

Sticky = Literal["run", "customer", "tenant"]
CHECKS_LIMIT = 20
CANDIDATES_LIMIT = 50
JUDGED_LIMIT = 100
ASKED = "asked"  # where the request to move production lies

Reason = Annotated[str, StringConstraints(max_length=REASON_LIMIT)]
Sentence = Annotated[str, StringConstraints(max_length=512)]


class GateSide(Body):
    """The trials of one version: which they are, how many cases were told, and how many passes.

    Passes are summed over cases, each the mean of its repeats.
    """

    tenant: Token
    experiment: str
    arm: Token
    cases: int
    passed: float


class GateProof(Body):
    """By what a verdict is found again in the log. `judged`: metrics of calibrated juries."""

    baseline: GateSide
    candidate: GateSide
    rules: GateRules
    judged: Annotated[tuple[str, ...], Field(max_length=JUDGED_LIMIT)] = ()
    candidates: int = Field(
        1, ge=1, le=CANDIDATES_LIMIT, description="Of one gate: each fails by its part of alpha"
    )


class GateRecord(Body):
    """What a gate found, as whoever moves a label shows it. `results_sha256` names the results.

    Nothing of it is believed for being written down: without a `proof`, no label moves any more.
    """

    experiment: str
    suite: str
    agent: Token
    baseline_version: str
    candidate_version: str
    verdict: Literal["pass", "fail", "inconclusive"]
    cases: int
    checks: Annotated[tuple[Sentence, ...], Field(max_length=CHECKS_LIMIT)] = ()
    results_sha256: Sha256
    decided_at: UtcTime
    proof: GateProof | None = Field(None, description="Absent: from before there were any")


class CanaryRules(Body):
    """When a canary goes back by itself: it is worse for sure, or dearer for sure.

    Chance alone sends back at most a share `alpha` of those that are as good as production.
    """

    alpha: float = Field(0.05, gt=0, lt=0.5)
    quality_margin: float = Field(0.0, ge=0, lt=1, description="A drop of the pass rate allowed")
    cost_margin: float = Field(0.2, ge=0, description="Of production's cost of a run, allowed")


class AgentReleased(Order):
    """What a label stands for from now on."""

    agent: Token
    label: ReleaseLabel
    definition: Agent | None = Field(None, description="Absent: the label is taken away")
    share_percent: int | None = Field(None, ge=1, le=99, description="Of a canary")
    sticky: Sticky = Field("customer", description="Who stays with a canary, or without it")
    rules: CanaryRules = CanaryRules()
    gate: GateRecord | None = None
    asked_by: str
    approved_by: str | None = None
    returns_to: Token | None = Field(None, description="Nonce of the release that is put back")
    reason: Reason = ""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (problem := _problem(self)) is not None:
            raise ValueError(problem)
        return self

    @property
    def subject(self) -> str:
        return RELEASE.format(agent=self.agent, label=self.label)

    @property
    def told(self) -> str:
        version = "none" if self.definition is None else self.definition.version
        return f"{self.label} {version} by {self.asked_by}"


class ReleaseAsked(Order):
    """Somebody wants production moved, and somebody else is to say so too.

    The release has the nonce of its request. A request is over when the release lies in the log,
    when it was refused, or when another one took its place.
    """

    agent: Token
    definition: Agent
    gate: GateRecord
    asked_by: str
    reason: Reason = ""
    refused_by: str | None = None

    @property
    def subject(self) -> str:
        return RELEASE.format(agent=self.agent, label=ASKED)

    @property
    def told(self) -> str:
        return f"{self.definition.version} asked for by {self.asked_by}"


def is_drawn(canary: AgentReleased, tenant: str, run_id: str, customer: str | None) -> bool:
    """Whether the lot falls on the canary. As its share grows, whoever has it keeps it."""
    assert canary.definition is not None, "a canary that was taken away draws nobody"
    keys = {
        "tenant": tenant,
        "customer": f"{tenant}/{customer}" if customer else f"{tenant}/{run_id}",
        "run": f"{tenant}/{run_id}",
    }
    lot = lot_of(f"{canary.agent}@{canary.definition.version}:{keys[canary.sticky]}")
    return lot < (canary.share_percent or 0) / 100


def _problem(release: AgentReleased) -> str | None:
    """What is wrong with a release; None where nothing is."""
    definition, gate = release.definition, release.gate
    is_production = release.label == "production"
    second = release.approved_by
    has_second = (
        second is not None
        and not is_service(second)
        and not is_same_person(second, release.asked_by)
    )
    if is_production and release.returns_to is None and not has_second:
        return "production moves with a second person, or back to what it was"
    if definition is None:
        return None
    if definition.name != release.agent:
        return f"the definition is of {definition.name!r}"
    if (release.share_percent is None) == (release.label == "canary"):
        return "a canary has a share, and no other label does"
    if release.returns_to is not None:
        return None
    if gate is None:
        return "a label moves with the record of a gate"
    if (gate.agent, gate.candidate_version) != (release.agent, definition.version):
        return f"the gate tried version {gate.candidate_version} of {gate.agent}"
    if gate.verdict != "pass" and release.label != "staging":
        return f"the gate said {gate.verdict}"
    return None
