"""One trial on the platform: submitted, waited for, and read as a result."""

import time
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
        accepted = _patiently(lambda: _submitted(client, one, tenant))
    except Unreachable:
        raise
    except CommandFailed as error:
        return _untold(one, tenant or "", "refused", f"{error.what} {error.remedy}")
    found = _followed(client, one.run_id, accepted["tenant"], stopping)
    if found is None:
        return None
    if found["status"] in OPEN:
        return _untold(one, found["tenant"], found["status"], "it goes on; nobody waits any more")
    proof = _patiently(lambda: client.get(f"/runs/{one.run_id}/proof", tenant=found["tenant"]))
    return result_of(one, found).model_copy(update={"touched_nothing": bool(proof["holds"])})


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
        passed=None if undecided else bool(told["passed"]),
        score=None if told is None else float(told["score"]),
        answer=run["answer"] or "",
        why=run["why"] or ("" if told else "nobody has scored it"),
        scores=scores,
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


def _followed(client: Client, run_id: str, tenant: str, stopping: Event) -> dict[str, Any] | None:
    """The run once it is over and scored, or as far as it came in time."""
    ends_at = time.monotonic() + TRIAL_SECONDS
    pause = FIRST_POLL_SECONDS
    while True:
        run: dict[str, Any] = _patiently(lambda: client.get(f"/runs/{run_id}", tenant=tenant))
        is_over = run["status"] not in OPEN
        # A run that never started had no agent, and is not scored.
        if is_over and (run["evaluation"] is not None or run["agent_version"] is None):
            return run
        now = time.monotonic()
        if is_over:
            ends_at = min(ends_at, now + SCORED_SECONDS)
        if now > ends_at:
            return run
        if stopping.wait(pause):
            return None
        pause = min(pause * 1.5, LAST_POLL_SECONDS)


def _patiently(ask: Any) -> Any:
    """Ask again while nobody answers, for a while."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return ask()
        except Unreachable:
            if time.monotonic() > ends_at:
                raise
            time.sleep(LAST_POLL_SECONDS)


def _untold(one: Planned, tenant: str, status: str, why: str) -> Result:
    return Result(
        arm=one.arm,
        case=one.case.id,
        repeat=one.repeat,
        run_id=one.run_id,
        tenant=tenant,
        status=status,
        passed=None,
        why=why,
        tags=one.case.tags,
        cluster=one.case.cluster,
        weight=one.case.weight,
    )
