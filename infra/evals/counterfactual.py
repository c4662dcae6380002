"""What would have happened: recorded runs, forked from their first decision with something changed.

Each fork is a shadow: its calls are answered by the record, and what the record does not have is
refused. So quality, cost, time, approvals and refusals are compared pair by pair, at the price of
model calls alone.
"""

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from contracts.scoring import Scorer
from contracts.shape import MICRO, sha256_hex
from contracts.suite import Case
from contracts.trial import EVALUATION, Trial
from infra.evals.asking import result_of
from infra.evals.exported import exported_run
from infra.evals.plan import ArmSpec, Planned, run_id_of, seed_of
from infra.evals.rescoring import held_to
from services.console.cli.client import Client
from services.evaluator.results import Result

RECORDED = "recorded"
PAGE, PAGES = 200, 50  # runs that are looked at, the newest first, for the sample to be drawn from
ENDED = ("completed", "failed")
UNSEEN = "that of the recorded run"  # a fork has the input of the run that it grows from


@dataclass(frozen=True, slots=True)
class Population:
    """Which recorded runs are asked about."""

    agent: str
    tenant: str | None
    since: str | None
    until: str | None


@dataclass(frozen=True, slots=True)
class Forking:
    """How each run is forked: so often, drawn by this seed, and held to these scorers besides."""

    repeats: int = 1
    seed: int = 0
    scorers: tuple[Scorer, ...] = ()


def recorded_runs(client: Client, population: Population, sample: int, seed: int) -> list[str]:
    """The ids of runs that somebody asked for, drawn by lot, in the order of the list."""
    found: list[str] = []
    cursor: str | None = None
    for _ in range(PAGES):
        lines, cursor = client.page("/runs", **asdict(population), cursor=cursor, limit=PAGE)
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
    tenant: str | None,
    how: Forking,
    ceiling_micro_usd: int,
) -> tuple[list[Planned], list[Result]]:
    """The trials, and what the recorded runs themselves came to.

    A run may have been let spend more than its agent may by now: no fork is.
    """
    trials: list[Planned] = []
    known: list[Result] = []
    for run_id in run_ids:
        itself = recorded_result(client, run_id, tenant, how.scorers)
        known.append(itself)
        if not itself.steps:
            continue  # it never came to a decision
        case = Case(id=run_id, input=UNSEEN, cluster=itself.cluster)
        trials += [
            _fork(case, arm, experiment, repeat, how, ceiling_micro_usd)
            for repeat in range(1, how.repeats + 1)
            for arm in arms
        ]
    return trials, known


def recorded_result(
    client: Client, run_id: str, tenant: str | None, scorers: tuple[Scorer, ...] = ()
) -> Result:
    """What a recorded run itself came to, by its own scores and by these `scorers`."""
    run = client.get(f"/runs/{run_id}", tenant=tenant)
    case = Case(id=run_id, input=UNSEEN, cluster=_cluster(run))
    itself = Planned(RECORDED, case, 1, run_id, {"agent": run["agent"]})
    found = result_of(itself, run).model_copy(update={"recorded": True})
    return held_to(found, exported_run(client, run_id, tenant), scorers) if scorers else found


def _fork(
    case: Case, arm: ArmSpec, experiment: str, repeat: int, how: Forking, ceiling: int
) -> Planned:
    trial = Trial(
        experiment=experiment,
        arm=arm.name,
        case=case.id,
        repeat=repeat,
        seed=seed_of(how.seed, case.id, repeat),
        scorers=how.scorers,
    )
    changes = {"model": arm.model, "instructions": arm.instructions}
    task = {
        "agent": arm.agent,
        "budget_usd": str(Decimal(ceiling) / MICRO),
        "trial": trial.model_dump(mode="json", exclude_none=True),
        **{name: value for name, value in changes.items() if value is not None},
    }
    run_id = run_id_of(experiment, asdict(arm), case.id, repeat, task)
    return Planned(arm.name, case, repeat, run_id, task, forked_from=case.id)


def _is_asked_for(line: dict[str, Any]) -> bool:
    """Whether it was run for somebody, and is over: no fork, no part of another run, no trial."""
    is_own = not line["kinds"] and line["parent"] is None and line["feature"] != EVALUATION
    return is_own and line["status"] in ENDED


def _cluster(run: dict[str, Any]) -> str | None:
    """Runs of one customer fail together."""
    customer = run["customer"]
    return None if customer is None else f"c-{sha256_hex(customer.encode())[:12]}"
