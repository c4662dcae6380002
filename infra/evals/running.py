"""`interlock eval run`: the cases of a suite, tried by every arm."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from contracts.suite import Suite
from infra.evals.carrying import Plan, Way, arms_of, carry_out, described, place
from infra.evals.forecast import known_agents
from infra.evals.judging import ceilings_of
from infra.evals.plan import ArmSpec, UnknownCase, chosen, digest, planned
from services.console.cli.client import connect
from services.console.cli.errors import USAGE, CommandFailed
from services.evaluator.datasets.reading import load_suite
from services.evaluator.errors import DatasetError
from services.evaluator.results import Experiment

TOOLS = ("stubbed", "real")


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for on the command line."""

    suite: Path
    agents: tuple[str, ...]
    models: tuple[str, ...]
    prompts: tuple[Path, ...]
    definitions: tuple[Path, ...]
    cases: tuple[str, ...]
    tags: tuple[str, ...]
    sample: int | None
    seed: int
    repeats: int | None
    tools: str
    way: Way


def run_suite(order: Order) -> int:
    """Try it, and say what came of it. Gives the exit code.

    Raises:
        CommandFailed: what was asked cannot be tried, or the platform does not answer.
    """
    suite = _suite(order)
    client = connect()
    agents = known_agents(client, order.agents or (suite.agent,), suite.limits.budget_usd)
    versions = {name: one.version for name, one in agents.items()}
    arms = arms_of(versions, order.models, order.prompts, order.definitions)
    plan = plan_of(order, suite, arms)
    judged = (scorer for one in plan.trials for scorer in one.judged)
    return carry_out(plan, client, ceilings_of(client, agents, judged), order.way)


def plan_of(order: Order, suite: Suite, arms: tuple[ArmSpec, ...]) -> Plan:
    """The trials, and the experiment that they are.

    Raises:
        CommandFailed: a case or a tag is not known, or nothing is left to try.
    """
    try:
        cases = chosen(suite, order.cases, order.tags, order.sample, order.seed)
    except UnknownCase as error:
        raise CommandFailed(str(error), "see the suite's file", USAGE) from None
    if not cases:
        raise CommandFailed(f"{order.suite} has no such case", "ask for fewer tags", USAGE)
    repeats = order.repeats or suite.repeats
    whole = digest(suite, cases, arms, repeats, order.tools, order.way.tenant, order.seed)
    name, folder = place(f"{suite.name[:30]}-{whole[:8]}", order.way)
    experiment = Experiment(
        name=name,
        suite=suite.name,
        suite_sha256=whole,
        arms=tuple(map(described, arms)),
        repeats=repeats,
        cases=len(cases),
        started_at=datetime.now(UTC),
        budget_micro_usd=order.way.budget_micro_usd(suite.budget_usd),
        rules=suite.gate,
    )
    trials = planned(suite, cases, arms, name, repeats, order.tools, order.seed)
    return Plan(experiment, trials, folder)


def _suite(order: Order) -> Suite:
    if order.tools not in TOOLS:
        raise CommandFailed(f"--tools {order.tools}", f"choose {' or '.join(TOOLS)}", USAGE)
    try:
        only = order.agents[0] if order.suite.suffix == ".jsonl" and order.agents else None
        return load_suite(order.suite, agent=only)
    except DatasetError as error:
        raise CommandFailed(str(error), "correct it, and run it again", USAGE) from None
