"""One trial on the platform: submitted, waited for, and read as a result."""

import time
from collections.abc import Callable
from threading import Event
from typing import Any

from contracts.evaluation import AssertionResult
from infra.evals.plan import Planned
from services.console.cli.client import Client
from services.console.cli.errors import CommandFailed, Unreachable
from services.evaluator.results import Result

OPEN = frozenset({"submitted", "queued", "running", "paused", "waiting"})
FIRST_POLL_SECONDS = 0.05
LAST_POLL_SECONDS = 1.0
TRIAL_SECONDS = 1800.0
SCORED_SECONDS = 60.0
PATIENCE_SECONDS = 60.0  # with a platform that does not answer


def try_case(client: Client, one: Planned, tenant: str | None, stopping: Event) -> Result | None:
    """The result of a trial; None once it is no longer wanted.

    What the platform could not run says nothing of the agent.

    Raises:
        Unreachable: the platform has not answered for too long.
    """
    try:
        accepted = _patiently(lambda: _submitted(client, one, tenant), stopping)
    except Unreachable:
        raise
    except CommandFailed as error:
        return _untold(one, tenant or "", "refused", f"{error.what} {error.remedy}")
    try:
        return _followed(client, one, accepted["tenant"], stopping)
    except Unreachable:
        raise
    except CommandFailed as error:
        told = f"it was submitted, and cannot be read: {error.what}"
        return _untold(one, accepted["tenant"], "unknown", told, is_over=False)


def result_of(one: Planned, run: dict[str, Any]) -> Result:
    """The result of a run that is over, as the API tells it."""
    told = run["evaluation"]
    scores = tuple(map(AssertionResult.model_validate, told["assertions"])) if told else ()
    undecided = told is None or any(each.undecided for each in scores)
    return Result(
        arm=one.arm,
        case=one.case.id,
        repeat=one.repeat,
        run_id=one.run_id,
        tenant=run["tenant"],
        status=run["status"],
        agent_version=run["agent_version"] or "",
        passed=None if undecided else bool(told["passed"]),
        score=None if told is None else float(told["score"]),
        answer=run["answer"] or "",
        why=run["why"] or ("" if told else "nobody has scored it"),
        scores=scores,
        not_asked=tuple(told.get("not_asked", ())) if told else (),
        cost_micro_usd=run["cost_micro_usd"],
        seconds=run["seconds"] or 0.0,
        steps=len(run["steps"]),
        approvals=run["approvals"],
        blocked=run["refusals"],
        tags=one.case.tags,
        cluster=one.case.cluster,
        weight=one.case.weight,
    )


def _submitted(client: Client, one: Planned, tenant: str | None) -> Any:
    if one.forked_from is None:
        return client.post("/tasks", {**one.task, "run_id": one.run_id, "tenant": tenant})
    changes = {name: value for name, value in one.task.items() if name != "agent"}
    body = {**changes, "run_id": one.run_id}
    return client.post(f"/runs/{one.forked_from}/fork", body, tenant=tenant)


def _followed(client: Client, one: Planned, tenant: str, stopping: Event) -> Result | None:
    """What the trial came to, as far as it came in time."""
    run = _ended(client, one.run_id, tenant, stopping)
    if run is None:
        return None
    if run["status"] in OPEN:
        told = "it goes on; nobody waits any more"
        return _untold(one, tenant, run["status"], told, is_over=False)
    proof = _patiently(lambda: client.get(f"/runs/{one.run_id}/proof", tenant=tenant), stopping)
    found = result_of(one, run)
    judging = _judging(client, found, stopping)
    return found.model_copy(
        update={"touched_nothing": bool(proof["holds"]), "judging_micro_usd": judging}
    )


def _judging(client: Client, found: Result, stopping: Event) -> int:
    """What its judges have cost, in micro-dollars."""
    asked = {verdict.run_id for score in found.scores for verdict in score.verdicts}
    runs = (_ended(client, run_id, found.tenant, stopping) for run_id in asked)
    return sum(run["cost_micro_usd"] for run in runs if run is not None)


def _ended(client: Client, run_id: str, tenant: str, stopping: Event) -> dict[str, Any] | None:
    """The run once it is over, paid and scored, or as it is when nobody waits any longer."""
    ends_at = time.monotonic() + TRIAL_SECONDS
    pause = FIRST_POLL_SECONDS
    while True:
        run: dict[str, Any] = _patiently(
            lambda: client.get(f"/runs/{run_id}", tenant=tenant), stopping
        )
        is_over = run["status"] not in OPEN
        # A run that never started had no agent, and is not scored.
        is_told = run["evaluation"] is not None or run["agent_version"] is None
        if is_over and is_told and not run["unsettled"]:
            return run
        now = time.monotonic()
        if is_over:
            ends_at = min(ends_at, now + SCORED_SECONDS)
        if now > ends_at:
            return run
        if stopping.wait(pause):
            return None
        pause = min(pause * 1.5, LAST_POLL_SECONDS)


def _patiently(ask: Callable[[], Any], stopping: Event) -> Any:
    """Ask again while nobody answers, for a while."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return ask()
        except Unreachable:
            if time.monotonic() > ends_at or stopping.wait(LAST_POLL_SECONDS):
                raise


def _untold(one: Planned, tenant: str, status: str, why: str, *, is_over: bool = True) -> Result:
    return Result(
        arm=one.arm,
        case=one.case.id,
        repeat=one.repeat,
        run_id=one.run_id,
        tenant=tenant,
        status=status,
        passed=None,
        why=why,
        is_over=is_over,
        tags=one.case.tags,
        cluster=one.case.cluster,
        weight=one.case.weight,
    )
