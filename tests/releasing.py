"""Releases for tests: of `support`, in whatever version is wanted."""

from contracts.agent import Agent
from contracts.release import AgentReleased, GateRecord, ReleaseAsked
from shared.release_log import MemoryReleases
from shared.releases import FixedReleases
from tests.bodies import DIGEST, NOON, agent


def version(name: str) -> Agent:
    """Another version of the agent: it says its name."""
    return agent().model_copy(update={"instructions": f"You are {name}."})


def gate_record(candidate: Agent, verdict: str = "pass") -> GateRecord:
    return GateRecord.model_validate(
        {
            "experiment": "refunds-1",
            "suite": "refunds",
            "agent": candidate.name,
            "baseline_version": agent().version,
            "candidate_version": candidate.version,
            "verdict": verdict,
            "cases": 200,
            "checks": ("It changed by +0.0 points.",),
            "results_sha256": DIGEST,
            "decided_at": NOON,
        }
    )


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
