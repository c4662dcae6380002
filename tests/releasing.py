"""Releases for tests: of `support`, in whatever version is wanted."""

from collections.abc import Mapping
from types import MappingProxyType

from contracts.agent import Agent
from contracts.envelope import Fact
from contracts.evaluation import AssertionResult, RunEvaluated
from contracts.release import AgentReleased, GateRecord, ReleaseAsked
from contracts.shape import Body
from contracts.task import TaskSubmitted
from contracts.trial import EVALUATION, trial_prefix
from shared.release_log import MemoryReleases
from shared.releases import FixedReleases
from tests.bodies import DIGEST, NOON, agent, run_started, task_cleared
from tests.histories import History

EXPERIMENT = "refunds-1"
CASES = 10


def version(name: str) -> Agent:
    """Another version of the agent: it says its name."""
    return agent().model_copy(update={"instructions": f"You are {name}."})


def arm_of(definition: Agent) -> str:
    return f"v-{definition.version}"


def gate_record(
    candidate: Agent, verdict: str = "pass", baseline: Agent | None = None, **changes: object
) -> GateRecord:
    """What the gate says of `tried` of both, each of whose cases passed."""
    before = baseline or agent()
    sides = {
        name: {
            "tenant": "acme",
            "experiment": EXPERIMENT,
            "arm": arm_of(one),
            "cases": CASES,
            "passed": CASES,
        }
        for name, one in (("baseline", before), ("candidate", candidate))
    }
    return GateRecord.model_validate(
        {
            "experiment": EXPERIMENT,
            "suite": "refunds",
            "agent": candidate.name,
            "baseline_version": before.version,
            "candidate_version": candidate.version,
            "verdict": verdict,
            "cases": CASES,
            "checks": ("It changed by +0.0 points.",),
            "results_sha256": DIGEST,
            "decided_at": NOON,
            "proof": {**sides, "rules": {"margin": 0.3}},
            **changes,
        }
    )


def trial(
    definition: Agent,
    case: str,
    /,
    *,
    passed: bool = True,
    tenant: str = "acme",
    task: Mapping[str, object] = MappingProxyType({}),
    **changes: object,
) -> History:
    """A trial of a version that was scored; `task` and `changes` are what else it was asked."""
    told = {"experiment": EXPERIMENT, "arm": arm_of(definition), "case": case, **changes}
    name = f"{trial_prefix(EXPERIMENT)}{definition.version}-{case}"
    history = History(tenant=tenant, run_id=name)
    whole = {"agent": definition.name, "input": "Hello", "feature": EVALUATION, **task}
    submitted = history.say(TaskSubmitted.model_validate({**whole, "trial": told}))
    cleared = history.say(task_cleared("Hello"), submitted)
    version = {"agent": definition, "agent_version": definition.version}
    history.say(run_started().model_copy(update=version), cleared)
    score = AssertionResult(name="resolved", passed=passed, score=float(passed), reason="so")
    history.say(RunEvaluated(passed=passed, score=float(passed), assertions=(score,)), history.root)
    return history


def tried(
    definition: Agent, failing: int = 0, tenant: str = "acme", **task: object
) -> list[Fact[Body]]:
    """The facts of the trials of a version, of which the first so many failed."""
    runs = [
        trial(definition, f"c-{at}", passed=at >= failing, tenant=tenant, task=task)
        for at in range(CASES)
    ]
    return [fact for run in runs for fact in run.facts]


def released(label: str, definition: Agent | None, **changes: object) -> AgentReleased:
    """A label that was moved as it should be."""
    canary = {"share_percent": 20} if label == "canary" and definition is not None else {}
    whole = {
        "agent": "support",
        "label": label,
        "definition": definition,
        "gate": None if definition is None else gate_record(definition),
        "asked_by": "anna",
        "approved_by": "otto",
        "at": NOON,
        "nonce": f"{label}-{'none' if definition is None else definition.version}",
        **canary,
        **changes,
    }
    return AgentReleased.model_validate(whole)


def asked(definition: Agent, nonce: str = "q-1", **changes: object) -> ReleaseAsked:
    whole = {
        "agent": "support",
        "definition": definition,
        "gate": gate_record(definition),
        "asked_by": "anna",
        "at": NOON,
        "nonce": nonce,
        **changes,
    }
    return ReleaseAsked.model_validate(whole)


async def in_force(*given: AgentReleased) -> FixedReleases:
    return FixedReleases(await MemoryReleases(list(given)).heads())
