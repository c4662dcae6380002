"""`interlock eval run`: from a suite and what was asked of it to results in a folder."""

import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from threading import Event

import typer

from contracts.shape import sha256_hex, to_micro_usd
from contracts.suite import Suite
from infra.evals.asking import try_case
from infra.evals.bar import bar
from infra.evals.driving import Progress, drive
from infra.evals.folder import Folder, FolderUnusable, folder_of
from infra.evals.forecast import ceilings, forecast
from infra.evals.plan import (
    ARMS_LIMIT,
    ArmSpec,
    Planned,
    UnknownCase,
    arm_of_prompt,
    chosen,
    digest,
    matrix,
    planned,
)
from infra.evals.purse import Purse
from services.console.cli.client import Client, connect
from services.console.cli.errors import CONFLICT, FAILED, USAGE, CommandFailed, Unreachable
from services.console.cli.output import show, usd
from services.evaluator.datasets.reading import load_suite
from services.evaluator.errors import DatasetError
from services.evaluator.results import Arm, Experiment, Result

BROKEN_OFF = 130
FRESH_LIMIT = 1000
TOOLS = ("stubbed", "real")


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for on the command line."""

    suite: Path
    agents: tuple[str, ...]
    models: tuple[str, ...]
    prompts: tuple[Path, ...]
    cases: tuple[str, ...]
    tags: tuple[str, ...]
    sample: int | None
    seed: int
    repeats: int | None
    tools: str
    budget_usd: float | None
    at_once: int
    name: str | None
    out: Path | None
    fresh: bool
    tenant: str | None
    yes: bool
    quiet: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """An experiment, its trials, and where its results lie."""

    experiment: Experiment
    trials: tuple[Planned, ...]
    folder: Folder


def run_suite(order: Order) -> int:
    """Try it, and say what came of it. Gives the exit code.

    Raises:
        CommandFailed: what was asked cannot be tried, or the platform does not answer.
    """
    suite = _suite(order)
    arms = _arms(order, suite)
    client = connect()
    most = ceilings(client, arms, suite)
    plan = plan_of(order, suite, arms)
    known = {one.run_id for one in plan.folder.results() if one.is_told}
    left = [one for one in plan.trials if one.run_id not in known]
    if left and not _agreed(order, plan, str(forecast(client, left, most)), len(known)):
        return FAILED
    try:
        plan.folder.begin(plan.experiment)
    except FolderUnusable as error:
        raise CommandFailed(str(error), "name it otherwise, or add --fresh", CONFLICT) from None
    return _driven(order, plan, client, most)


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
    whole = digest(suite, cases, arms, repeats)
    name, folder = _place(order, order.name or f"{suite.name[:30]}-{whole[:8]}")
    budget = order.budget_usd if order.budget_usd is not None else suite.budget_usd
    experiment = Experiment(
        name=name,
        suite=suite.name,
        suite_sha256=whole,
        arms=tuple(
            Arm(
                name=one.name,
                agent=one.agent,
                model=one.model,
                instructions_sha256=one.instructions and sha256_hex(one.instructions.encode()),
            )
            for one in arms
        ),
        repeats=repeats,
        cases=len(cases),
        started_at=datetime.now(UTC),
        budget_micro_usd=None if budget is None else to_micro_usd(Decimal(str(budget))),
        rules=suite.gate,
    )
    return Plan(experiment, planned(suite, cases, arms, name, repeats, order.tools), folder)


def _suite(order: Order) -> Suite:
    if order.tools not in TOOLS:
        raise CommandFailed(f"--tools {order.tools}", f"choose {' or '.join(TOOLS)}", USAGE)
    try:
        only = order.agents[0] if order.suite.suffix == ".jsonl" and order.agents else None
        return load_suite(order.suite, agent=only)
    except DatasetError as error:
        raise CommandFailed(str(error), "correct it, and run it again", USAGE) from None


def _arms(order: Order, suite: Suite) -> tuple[ArmSpec, ...]:
    prompts = [arm_of_prompt(path) for path in order.prompts]
    arms = matrix(order.agents or (suite.agent,), order.models, prompts)
    names = [one.name for one in arms]
    if len(set(names)) < len(names):
        raise CommandFailed("two arms have one name", "name the files of prompts apart", USAGE)
    if len(arms) > ARMS_LIMIT:
        raise CommandFailed(f"{len(arms)} arms are too many", f"try {ARMS_LIMIT} at most", USAGE)
    return arms


def _place(order: Order, name: str) -> tuple[str, Folder]:
    """Its name and folder; with `--fresh`, the first that are free."""
    if order.out is not None or not order.fresh:
        return name, folder_of(name, order.out)
    for number in range(1, FRESH_LIMIT):
        fresh = name if number == 1 else f"{name}-{number}"
        if not folder_of(fresh).exists:
            return fresh, folder_of(fresh)
    raise CommandFailed(f"{name} was run {FRESH_LIMIT} times", "give it a --name", USAGE)


def _agreed(order: Order, plan: Plan, cost: str, known: int) -> bool:
    """Whether to go on: a person at a terminal is asked, once they have seen what it costs."""
    if not order.quiet:
        again = f" {known} are there already." if known else ""
        cap = plan.experiment.budget_micro_usd
        held = f" The budget is {usd(cap)}." if cap is not None else ""
        typer.echo(f"{plan.experiment.name}: {cost}.{held}{again}", err=True)
    if order.yes or order.quiet or not sys.stdin.isatty():
        return True
    return typer.confirm("Go on?", default=True, err=True)


def _driven(order: Order, plan: Plan, client: Client, most: dict[str, int]) -> int:
    spent = sum(one.cost_micro_usd + one.judging_micro_usd for one in plan.folder.results())
    purse = Purse(plan.experiment.budget_micro_usd, spent)

    def try_one(one: Planned, stopping: Event) -> Result | None:
        return try_case(client, one, order.tenant, stopping)

    with bar(len(plan.trials), quiet=order.quiet) as watch:
        try:
            done = drive(
                plan.trials,
                try_one,
                plan.folder,
                purse,
                lambda one: most[one.task["agent"]],
                order.at_once,
                watch,
            )
        except KeyboardInterrupt:
            typer.echo(f"\nBroken off. {_resume(plan)}", err=True)
            # The threads of trials under way wait for a platform that nobody asks any more.
            sys.stderr.flush()
            os._exit(BROKEN_OFF)
        except Unreachable as error:
            raise CommandFailed(error.what, f"{error.remedy}. {_resume(plan)}") from None
    return _tell(order, plan, done, purse)


def _resume(plan: Plan) -> str:
    return f"What is over is kept in {plan.folder.path}; the same command goes on with it."


def _tell(order: Order, plan: Plan, done: Progress, purse: Purse) -> int:
    counts = dict(done.counts)
    answer = {
        "experiment": plan.experiment.name,
        "folder": str(plan.folder.path),
        "trials": done.total,
        "counts": counts,
        "not_run": done.unpaid,
        "cost_micro_usd": purse.spent_micro_usd,
    }
    told = ", ".join(f"{number} {word}" for word, number in counts.items()) or "nothing was tried"
    lines = [f"{told}; {usd(purse.spent_micro_usd)}"]
    if done.unpaid:
        lines.append(
            f"{done.unpaid} trials were not run: what they might cost does not fit the budget. "
            f"Give it more, and the same command goes on."
        )
    lines.append(f"{plan.folder.path}: see  interlock eval show {plan.experiment.name}")
    show(answer, "\n".join(lines), as_json=order.quiet)
    return FAILED if done.unpaid or not all(one.is_told for one in done.results) else 0
