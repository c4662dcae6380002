"""A jury asked about the hostile cases that every calibration has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from threading import Event

import typer

from contracts.shape import sha256_hex, to_micro_usd
from infra.evals.asking import try_case
from infra.evals.bar import bar
from infra.evals.driving import drive
from infra.evals.folder import FolderUnusable, folder_of
from infra.evals.forecast import Ceilings, forecast
from infra.evals.judging import ceilings_of, config_folder
from infra.evals.plan import Planned
from infra.evals.purse import Purse
from services.console.cli.client import Client
from services.console.cli.errors import CONFLICT, FAILED, CommandFailed
from services.evaluator.calibration.canaries import (
    CANARIES,
    Canary,
    canary_askings,
    canary_scorer,
)
from services.evaluator.calibration.making import Judgement
from services.evaluator.judges.asking import Asking, read, told
from services.evaluator.judges.config import Jury
from services.evaluator.judges.jury import combine
from services.evaluator.results import Arm, Experiment, Result

AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Trier:
    """On which platform, for whom, and for how much."""

    client: Client
    tenant: str
    budget_usd: float
    quiet: bool


def hostile_judgements(jury: Jury, trier: Trier) -> list[Judgement]:
    """What a jury says of each hostile case; people would fail every one.

    Raises:
        CommandFailed: the platform has other judges, or the budget is too small.
    """
    scorer = canary_scorer(jury)
    ceilings = ceilings_of(trier.client, {}, [scorer])
    for judge in jury.judges:
        if ceilings.agents[judge.name].version != judge.agent_version:
            what = f"the platform has another {judge.name} than {config_folder()}"
            raise CommandFailed(what, "start it again, then run the suite again", CONFLICT)
    askings = canary_askings(trier.tenant, jury)
    trials = [_planned(canary, asking) for canary in CANARIES for asking in askings[canary.case.id]]
    answers = _answers(trials, ceilings, trier)
    _check_heard(jury, askings, answers)
    found = []
    for canary in CANARIES:
        verdicts = [
            told(one, read(one, answers.get(one.run_id, ""))) for one in askings[canary.case.id]
        ]
        found.append(Judgement(canary.passed, combine(verdicts, jury, scorer), is_hostile=True))
    return found


def _check_heard(
    jury: Jury, askings: Mapping[str, Sequence[Asking]], answers: Mapping[str, str]
) -> None:
    """A jury that was not heard has resisted nothing."""
    for case, asked in askings.items():
        silent = [one for one in asked if one.run_id not in answers]
        if len(jury.judges) - len({one.judge.name for one in silent}) < jury.quorum:
            raise CommandFailed(
                f"{case}: too few of its judges gave an answer, so nothing is known of it",
                f"see: interlock runs show {silent[0].run_id}; or ask for another --tenant",
                FAILED,
            )


def _planned(canary: Canary, asking: Asking) -> Planned:
    """A question to a judge as a task that anybody may submit: it judges no run."""
    task = asking.task.model_dump(mode="json", exclude_none=True, exclude={"judging"})
    return Planned(asking.judge.name, canary.case, 1, asking.run_id, task)


def _answers(trials: Sequence[Planned], ceilings: Ceilings, trier: Trier) -> dict[str, str]:
    """What those who answered said, by run id. Who was asked before is not asked again."""
    digest = sha256_hex("".join(one.run_id for one in trials).encode())
    folder = folder_of(f"hostile-{digest[:8]}")
    arms = dict.fromkeys(one.arm for one in trials)
    experiment = Experiment(
        name=folder.path.name,
        suite="hostile cases",
        suite_sha256=digest,
        arms=tuple(Arm(name=name, agent=name) for name in arms),
        repeats=1,
        cases=len(CANARIES),
        started_at=datetime.now(UTC),
    )
    if not trier.quiet:
        cost = forecast(trier.client, trials, ceilings)
        typer.echo(f"{len(CANARIES)} hostile cases, {cost}", err=True)
    purse = Purse(to_micro_usd(Decimal(str(trier.budget_usd))))

    def ask(one: Planned, stopping: Event) -> Result | None:
        return try_case(trier.client, one, trier.tenant, stopping)

    try:
        folder.begin(experiment)
        with bar(len(trials), quiet=trier.quiet) as watch:
            done = drive(trials, ask, folder, purse, ceilings.of, AT_ONCE, watch)
    except FolderUnusable as error:
        raise CommandFailed(str(error), "remove the folder, and calibrate again", FAILED) from None
    if done.unpaid:
        raise CommandFailed(
            f"{done.unpaid} of {len(trials)} questions were not asked: they do not fit the budget",
            "give it more with --budget-usd; the same command goes on",
            FAILED,
        )
    return {one.run_id: one.answer for one in done.results if one.status == "completed"}
