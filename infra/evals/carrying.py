"""A plan carried out: told what it costs, held to its budget, kept, and told what came of it."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from threading import Event

import typer

from contracts.agent import Agent
from contracts.shape import sha256_hex, to_micro_usd
from infra.evals.asking import try_case
from infra.evals.bar import bar
from infra.evals.driving import Progress, drive
from infra.evals.folder import Folder, FolderUnusable, folder_of
from infra.evals.forecast import Ceilings, forecast
from infra.evals.plan import ARMS_LIMIT, ArmSpec, Planned, arm_of_prompt, matrix, whole
from infra.evals.purse import Purse
from services.console.cli.client import Client
from services.console.cli.errors import CONFLICT, FAILED, USAGE, CommandFailed, Unreachable
from services.console.cli.output import show
from services.console.rules.words.amounts import usd
from services.evaluator.results import Arm, Experiment, Result
from shared.config import load_yaml
from shared.errors import ConfigError

BROKEN_OFF = 130
FRESH_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Way:
    """How an experiment is carried out, whatever it tries."""

    budget_usd: float | None
    at_once: int
    name: str | None
    out: Path | None
    fresh: bool
    tenant: str | None
    yes: bool
    quiet: bool

    def budget_micro_usd(self, otherwise: Decimal | None = None) -> int | None:
        """The budget that was asked for, or that of the suite."""
        found = otherwise if self.budget_usd is None else Decimal(str(self.budget_usd))
        return None if found is None else to_micro_usd(found)


@dataclass(frozen=True, slots=True)
class Plan:
    """An experiment, its trials, where its results lie, and what is known without trying."""

    experiment: Experiment
    trials: tuple[Planned, ...]
    folder: Folder
    known: tuple[Result, ...] = ()


def carry_out(plan: Plan, client: Client, ceilings: Ceilings, way: Way) -> int:
    """Try what has no result yet, and say what came of it. Gives the exit code.

    Raises:
        CommandFailed: its folder holds another experiment, or the platform does not answer.
    """
    try:
        there = {one.run_id for one in plan.folder.results() if one.is_told}
        left = [one for one in plan.trials if one.run_id not in there]
        if left and not _agreed(plan, way, str(forecast(client, left, ceilings)), len(there)):
            return FAILED
        plan.folder.begin(plan.experiment)
        for one in plan.known:
            if one.run_id not in there:
                plan.folder.add(one)
        return _driven(plan, client, ceilings, way)
    except FolderUnusable as error:
        raise CommandFailed(str(error), "name it otherwise, or add --fresh", CONFLICT) from None


def arms_of(
    agents: Mapping[str, str],
    models: Sequence[str],
    prompts: Sequence[Path],
    definitions: Sequence[Path] = (),
) -> tuple[ArmSpec, ...]:
    """The matrix that was asked for, and each definition beside it; agents are names with versions.

    Raises:
        CommandFailed: two arms have one name, they are too many, or a file cannot be read.
    """
    try:
        arms = matrix(agents, models, [arm_of_prompt(path) for path in prompts])
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailed(
            f"a prompt cannot be read: {error}", "name a text file", USAGE
        ) from None
    arms += tuple(_whole(path, agents) for path in definitions)
    names = [one.name for one in arms]
    if len(set(names)) < len(names):
        raise CommandFailed("two arms have one name", "name their files apart", USAGE)
    if len(arms) > ARMS_LIMIT:
        raise CommandFailed(f"{len(arms)} arms are too many", f"try {ARMS_LIMIT} at most", USAGE)
    return arms


def _whole(path: Path, agents: Mapping[str, str]) -> ArmSpec:
    """The arm of a definition in a file.

    Raises:
        CommandFailed: it has a mistake, or is of an agent that is not tried.
    """
    try:
        definition = load_yaml(path, Agent)
    except ConfigError as error:
        raise CommandFailed(str(error), "correct the file", USAGE) from None
    if definition.name not in agents:
        what = f"{path} is of {definition.name}, and {', '.join(agents)} is tried"
        raise CommandFailed(what, "name its agent: --agent", USAGE)
    return whole(definition, path.stem)


def described(arm: ArmSpec) -> Arm:
    """An arm as an experiment keeps it: its instructions by their digest."""
    written = arm.instructions
    return Arm(
        name=arm.name,
        agent=arm.agent,
        agent_version=arm.version,
        model=arm.model,
        instructions_sha256=None if written is None else sha256_hex(written.encode()),
    )


def place(name: str, way: Way) -> tuple[str, Folder]:
    """Name and folder of an experiment; with `fresh`, the first that are free."""
    name = way.name or name
    if way.out is not None or not way.fresh:
        return name, folder_of(name, way.out)
    for number in range(1, FRESH_LIMIT):
        fresh = name if number == 1 else f"{name}-{number}"
        if not folder_of(fresh).exists:
            return fresh, folder_of(fresh)
    raise CommandFailed(f"{name} was run {FRESH_LIMIT} times", "give it a --name", USAGE)


def _agreed(plan: Plan, way: Way, cost: str, known: int) -> bool:
    """Whether to go on: a person at a terminal is asked, once they have seen what it costs."""
    if not way.quiet:
        again = f" {known} are there already." if known else ""
        cap = plan.experiment.budget_micro_usd
        held = f" The budget is {usd(cap)}." if cap is not None else ""
        typer.echo(f"{plan.experiment.name}: {cost}.{held}{again}", err=True)
    if way.yes or way.quiet or not sys.stdin.isatty():
        return True
    return typer.confirm("Go on?", default=True, err=True)


def _driven(plan: Plan, client: Client, ceilings: Ceilings, way: Way) -> int:
    # What is tried again is the same run, and counts when it is over.
    spent = sum(one.spent_micro_usd for one in plan.folder.results() if one.is_told)
    purse = Purse(plan.experiment.budget_micro_usd, spent)

    def try_one(one: Planned, stopping: Event) -> Result | None:
        return try_case(client, one, way.tenant, stopping)

    try:
        with bar(len(plan.trials), quiet=way.quiet) as watch:
            done = drive(
                plan.trials,
                try_one,
                plan.folder,
                purse,
                ceilings.of,
                way.at_once,
                watch,
            )
    except KeyboardInterrupt:
        typer.echo(f"\nBroken off. {_resume(plan)}", err=True)
        raise typer.Exit(BROKEN_OFF) from None
    except Unreachable as error:
        raise CommandFailed(error.what, f"{error.remedy}. {_resume(plan)}") from None
    return _tell(plan, done, purse, way)


def _resume(plan: Plan) -> str:
    return f"What is over is kept in {plan.folder.path}; the same command goes on with it."


def _tell(plan: Plan, done: Progress, purse: Purse, way: Way) -> int:
    counts = dict(done.counts)
    answer = {
        "experiment": plan.experiment.name,
        "folder": str(plan.folder.path),
        "trials": done.total,
        "counts": counts,
        "not_run": done.unpaid,
        "cost_micro_usd": purse.spent_micro_usd,
    }
    tried = ", ".join(f"{number} {word}" for word, number in counts.items())
    told = tried or f"nothing was tried; {len(plan.known)} results of recorded runs"
    lines = [f"{told}; {usd(purse.spent_micro_usd)}"]
    if done.unpaid:
        lines.append(
            f"{done.unpaid} trials were not run: what they might cost does not fit the budget. "
            f"Give it more, and the same command goes on."
        )
    lines.append(f"{plan.folder.path}: see  interlock eval show {plan.experiment.name}")
    show(answer, "\n".join(lines), as_json=way.quiet)
    return FAILED if done.unpaid or not all(one.is_told for one in done.results) else 0
