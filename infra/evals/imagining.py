"""`interlock eval counterfactual`: recorded runs with something changed, and what it changed."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from contracts.shape import sha256_hex
from infra.evals.carrying import Plan, Way, arms_of, carry_out, described, place
from infra.evals.counterfactual import RECORDED, Population, forks, recorded_runs
from infra.evals.forecast import ceilings
from infra.evals.plan import ArmSpec
from services.console.cli.client import connect
from services.console.cli.errors import NOT_FOUND, USAGE, CommandFailed
from services.evaluator.results import Arm, Experiment


@dataclass(frozen=True, slots=True)
class Question:
    """Which runs, and what is changed of them."""

    agent: str
    models: tuple[str, ...]
    prompts: tuple[Path, ...]
    runs: int
    seed: int
    since: str | None
    until: str | None
    repeats: int
    way: Way


def imagine(question: Question) -> int:
    """Fork the runs, and say what came of it. Gives the exit code.

    Raises:
        CommandFailed: nothing is changed, there are no such runs, or the platform is away.
    """
    if not question.models and not question.prompts:
        raise CommandFailed("nothing is changed", "name a --model or a --prompt", USAGE)
    arms = arms_of([question.agent], question.models, question.prompts)
    client = connect()
    most = ceilings(client, [question.agent])
    asked = Population(question.agent, question.way.tenant, question.since, question.until)
    run_ids = recorded_runs(client, asked, question.runs, question.seed)
    if not run_ids:
        raise CommandFailed(
            f"there are no recorded runs of {question.agent} that fit",
            "see: interlock runs list --agent " + question.agent,
            NOT_FOUND,
        )
    whole = _digest(question, arms, run_ids)
    name, folder = place(f"{question.agent[:26]}-as-{whole[:8]}", question.way)
    trials, known = forks(client, run_ids, arms, name, asked, question.repeats)
    experiment = Experiment(
        name=name,
        suite=f"recorded runs of {question.agent}",
        suite_sha256=whole,
        arms=(Arm(name=RECORDED, agent=question.agent), *map(described, arms)),
        repeats=question.repeats,
        cases=len(run_ids),
        started_at=datetime.now(UTC),
        budget_micro_usd=question.way.budget_micro_usd(),
    )
    plan = Plan(experiment, tuple(trials), folder, tuple(known))
    return carry_out(plan, client, most, question.way)


def _digest(question: Question, arms: tuple[ArmSpec, ...], run_ids: list[str]) -> str:
    changed = [(one.name, one.model, one.instructions) for one in arms]
    told = [question.agent, changed, run_ids, question.repeats]
    return sha256_hex(json.dumps(told, sort_keys=True).encode())
