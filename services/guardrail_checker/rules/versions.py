"""Which tool policy a run is judged by: the one in force, or for a fork the one that it names."""

from collections.abc import Mapping

from contracts.guardrail import ToolBlocked
from contracts.history import Run
from contracts.tool import ToolRequested

from .policy import ToolPolicy


def policy_version(run: Run, in_force: ToolPolicy) -> str:
    """The version of it, which each verdict on the run carries."""
    fork = None if run.submitted is None else run.submitted.body.fork
    return in_force.version if fork is None or fork.policy is None else fork.policy


def policy_of(
    run: Run, in_force: ToolPolicy, others: Mapping[str, ToolPolicy]
) -> ToolPolicy | None:
    """The policy of that version; None if it is not here, or not any more."""
    version = policy_version(run, in_force)
    return in_force if version == in_force.version else others.get(version)


def missing_policy(run: Run, in_force: ToolPolicy, others: Mapping[str, ToolPolicy]) -> str | None:
    """Why a run cannot be judged by the policy that it names, with those that it could name."""
    if policy_of(run, in_force, others) is not None:
        return None
    version = policy_version(run, in_force)
    known = ", ".join(sorted({*others} - {in_force.version}))
    kept = f"kept are {known}" if known else "no other is kept in policies/versions"
    return f"there is no policy {version!r} here; {in_force.version} is in force, and {kept}"


def unjudged(asked: ToolRequested, version: str, missing: str | None) -> ToolBlocked:
    """No verdict on a call: the policy that was here when its fork began has been taken away."""
    return ToolBlocked(
        rule="unknown_policy",
        policy_version=version,
        reason=missing or "it is not here any more",
        call=asked.call,
        attempt=asked.attempt,
    )
