"""What would have happened: recorded runs, forked from their first decision with something changed.

Each fork is a shadow: its calls are answered by the record, and what the record does not have is
refused. So quality, cost, time, approvals and refusals are compared pair by pair, at the price of
model calls alone.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contracts.shape import sha256_hex
from contracts.suite import Case
from contracts.trial import Trial
from infra.evals.asking import result_of
from infra.evals.plan import ID_DIGITS, NAME_CHARACTERS, ArmSpec, Planned
from services.console.cli.client import Client
from services.evaluator.results import Result

RECORDED = "recorded"
LOOKED_AT = 5000  # runs, the newest first, of which the sample is drawn
PAGE = 200
ENDED = ("completed", "failed")
UNSEEN = "that of the recorded run"  # a fork has the input of the run that it grows from


@dataclass(frozen=True, slots=True)
class Population:
    """Which recorded runs are asked about."""

    agent: str
    tenant: str | None
    since: str | None
    until: str | None


def recorded_runs(client: Client, population: Population, sample: int, seed: int) -> list[str]:
    """The ids of runs that somebody asked for, drawn by lot, in the order of the list."""
    found: list[str] = []
    for status in ENDED:
        cursor: str | None = None
        while len(found) < LOOKED_AT:
            lines, cursor = client.page(
                "/runs",
                agent=population.agent,
                tenant=population.tenant,
                since=population.since,
                until=population.until,
                status=status,
                cursor=cursor,
                limit=PAGE,
            )
            found += [line["run_id"] for line in lines if _is_asked_for(line)]
            if cursor is None:
                break
    if sample >= len(found):
        return found
    drawn = set(random.Random(seed).sample(range(len(found)), sample))  # noqa: S311 - no secret
    return [one for at, one in enumerate(found) if at in drawn]


def forks(
    client: Client,
    run_ids: Sequence[str],
    arms: Sequence[ArmSpec],
    experiment: str,
    population: Population,
    repeats: int,
) -> tuple[list[Planned], list[Result]]:
    """The trials, and what the recorded runs themselves came to."""
    trials: list[Planned] = []
    known: list[Result] = []
    for run_id in run_ids:
        itself = recorded_result(client, run_id, population.tenant)
        known.append(itself)
        if not itself.steps:
            continue  # it never came to a decision
        case = Case(id=run_id, input=UNSEEN, cluster=itself.cluster)
        trials += [
            _fork(case, arm, experiment, repeat, population.agent)
            for repeat in range(1, repeats + 1)
            for arm in arms
        ]
    return trials, known


def recorded_result(client: Client, run_id: str, tenant: str | None) -> Result:
    """What a recorded run itself came to."""
    run = client.get(f"/runs/{run_id}", tenant=tenant)
    case = Case(id=run_id, input=UNSEEN, cluster=_cluster(run))
    itself = Planned(RECORDED, case, 1, run_id, {"agent": run["agent"]})
    return result_of(itself, run).model_copy(update={"recorded": True})


def _fork(case: Case, arm: ArmSpec, experiment: str, repeat: int, agent: str) -> Planned:
    trial = Trial(experiment=experiment, arm=arm.name, case=case.id, repeat=repeat)
    changes = {"model": arm.model, "instructions": arm.instructions}
    task = {
        "agent": agent,
        "trial": trial.model_dump(mode="json", exclude_none=True),
        **{name: value for name, value in changes.items() if value is not None},
    }
    told = f"{experiment}/{arm.name}/{case.id}/{repeat}/{arm.model}/{arm.instructions}"
    run_id = f"{experiment[:NAME_CHARACTERS]}-{sha256_hex(told.encode())[:ID_DIGITS]}"
    return Planned(arm.name, case, repeat, run_id, task, forked_from=case.id)


def _is_asked_for(line: dict[str, Any]) -> bool:
    """Whether it was run for somebody: no fork, no part of another run, no trial."""
    return not line["kinds"] and line["parent"] is None and line["feature"] != "evaluation"


def _cluster(run: dict[str, Any]) -> str | None:
    """Runs of one customer fail together."""
    customer = run["customer"]
    return None if customer is None else f"c-{sha256_hex(customer.encode())[:12]}"
