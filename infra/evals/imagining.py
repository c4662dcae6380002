"""`interlock eval counterfactual`: recorded runs with something changed, and what it changed."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from contracts.shape import sha256_hex
from infra.evals.carrying import Plan, Way, arms_of, carry_out, described, place
from infra.evals.counterfactual import (
    RECORDED,
    Forking,
    Population,
    forks,
    recorded_result,
    recorded_runs,
)
from infra.evals.exported import exported_run, runs_above
from infra.evals.folder import Folder
from infra.evals.forecast import Ceilings, known_agents
from infra.evals.policies import arm_of, under
from infra.evals.rescoring import shared_scorers
from services.console.cli.client import Client, connect
from services.console.cli.errors import NOT_FOUND, USAGE, CommandFailed
from services.evaluator.results import Arm, Experiment
from services.guardrail_checker.policies.loading import read_policy
from services.guardrail_checker.rules import ToolPolicy
from shared.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Question:
    """Which runs, and what is changed of them."""

    agent: str
    models: tuple[str, ...]
    prompts: tuple[Path, ...]
    policy: Path | None
    runs: int
    seed: int
    since: str | None
    until: str | None
    repeats: int
    way: Way
    suite: Path | None = None

    @property
    def forking(self) -> Forking:
        """How recorded runs are forked, or held against themselves.

        Raises:
            CommandFailed: the suite has no scorers that recorded runs can be held to.
        """
        scorers = () if self.suite is None else shared_scorers(self.suite)
        return Forking(self.repeats, self.seed, scorers)


def imagine(question: Question) -> int:
    """Fork the runs, and say what came of it. Gives the exit code.

    Raises:
        CommandFailed: nothing is changed, there are no such runs, or the platform is away.
    """
    changes = bool(question.models or question.prompts)
    if changes == (question.policy is not None):
        what = "nothing is changed" if not changes else "a policy is tried alone"
        raise CommandFailed(what, "name a --model or a --prompt, or a --policy", USAGE)
    if question.policy is not None:
        return _by_policy(question, _policy(question.policy))
    # A fork has the agent that its run has pinned, whatever became of that since.
    arms = arms_of({question.agent: ""}, question.models, question.prompts)
    how, client = question.forking, connect()
    agents = known_agents(client, [question.agent])
    run_ids = _drawn(client, question)
    told = [*(asdict(one) for one in arms), *(one.model_dump(mode="json") for one in how.scorers)]
    name, folder, whole = _place(question, told, run_ids)
    ceiling = agents[question.agent].most_micro_usd
    trials, known = forks(client, run_ids, arms, name, question.way.tenant, how, ceiling)
    experiment = _experiment(question, name, whole, len(run_ids), tuple(map(described, arms)))
    plan = Plan(experiment, tuple(trials), folder, tuple(known))
    return carry_out(plan, client, Ceilings(agents), question.way)


def _by_policy(question: Question, policy: ToolPolicy) -> int:
    """Judge recorded calls again: no model is asked, and nothing is run."""
    how, client = question.forking, connect(reading=True)
    run_ids = _drawn(client, question)
    told = [policy.version, *(one.model_dump(mode="json") for one in how.scorers)]
    name, folder, whole = _place(question, told, run_ids)
    known = []
    for run_id in run_ids:
        recorded = recorded_result(client, run_id, question.way.tenant, how.scorers)
        run = exported_run(client, run_id, question.way.tenant)
        known += [recorded, under(policy, run, recorded, runs_above(client, run))]
    arm = Arm(name=arm_of(policy), agent=question.agent)
    plan = Plan(_experiment(question, name, whole, len(run_ids), (arm,)), (), folder, tuple(known))
    return carry_out(plan, client, Ceilings({}), question.way)


def _drawn(client: Client, question: Question) -> list[str]:
    asked = Population(question.agent, question.way.tenant, question.since, question.until)
    found = recorded_runs(client, asked, question.runs, question.seed)
    if not found:
        raise CommandFailed(
            f"there are no recorded runs of {question.agent} that fit",
            "see: interlock runs list --agent " + question.agent,
            NOT_FOUND,
        )
    return found


def _place(
    question: Question, changed: Sequence[object], run_ids: list[str]
) -> tuple[str, Folder, str]:
    """Name and folder, and the digest of what is asked."""
    told = [question.agent, changed, run_ids, question.repeats, question.seed]
    whole = sha256_hex(json.dumps(told, sort_keys=True).encode())
    name, folder = place(f"{question.agent[:26]}-as-{whole[:8]}", question.way)
    return name, folder, whole


def _experiment(
    question: Question, name: str, whole: str, cases: int, arms: tuple[Arm, ...]
) -> Experiment:
    return Experiment(
        name=name,
        suite=f"recorded runs of {question.agent}",
        suite_sha256=whole,
        arms=(Arm(name=RECORDED, agent=question.agent), *arms),
        repeats=question.repeats,
        cases=cases,
        started_at=datetime.now(UTC),
        budget_micro_usd=question.way.budget_micro_usd(),
    )


def _policy(path: Path) -> ToolPolicy:
    try:
        return read_policy(path)
    except ConfigError as error:
        raise CommandFailed(str(error), "write it as policies/tools.yaml", USAGE) from None
