"""Experiments as commands name them: by name, by folder, or two of them held against each other."""

from datetime import UTC, datetime
from pathlib import Path

from infra.evals.cards import card_of
from infra.evals.folder import Folder, FolderUnusable, folder_of
from services.console.cli.errors import FAILED, NOT_FOUND, USAGE, CommandFailed
from services.evaluator.calibration.trust import standings
from services.evaluator.comparing import BadDate, compare
from services.evaluator.results import Experiment, Report, Result


def found(name: str) -> Folder:
    """The folder of an experiment, by its name or its path.

    Raises:
        CommandFailed: there is none.
    """
    for folder in (folder_of(name), Folder(Path(name))):
        if folder.exists:
            return folder
    raise CommandFailed(f"there is no experiment {name}", "see: interlock eval list", NOT_FOUND)


def loaded(folder: Folder) -> tuple[Experiment, list[Result]]:
    """An experiment with what it found.

    Raises:
        CommandFailed: nobody can read it.
    """
    try:
        return folder.experiment(), folder.results()
    except FolderUnusable as error:
        raise CommandFailed(str(error), "try it again with --fresh", FAILED) from None


def report_of(
    name: str, *, baseline: str | None, against: str | None, gated: bool = False
) -> Report:
    """The report of an experiment, perhaps with another one as its baseline.

    Raises:
        CommandFailed: it is not there, has no results, or no such arm.
    """
    experiment, results = loaded(found(name))
    if against is not None:
        before, known = loaded(found(against))
        experiment, results, baseline = _joined(experiment, results, before, known, baseline)
    if gated and len(experiment.arms) < 2:
        raise CommandFailed(
            f"{name} has one arm, {experiment.arms[0].name}: there is nothing to compare it with",
            "name an experiment that was run before: --against NAME",
            USAGE,
        )
    today = datetime.now(UTC).date()
    try:
        cards = standings((score for one in results for score in one.scores), card_of)
        return compare(experiment, results, today, baseline=baseline, gated=gated, standings=cards)
    except (BadDate, ValueError) as error:
        raise CommandFailed(str(error), "see: interlock eval show " + name, USAGE) from None


def _joined(
    experiment: Experiment,
    results: list[Result],
    before: Experiment,
    known: list[Result],
    baseline: str | None,
) -> tuple[Experiment, list[Result], str]:
    """Both as one, with an arm of the earlier one as the baseline, under a name of its own."""
    arm = next((one for one in before.arms if one.name == (baseline or one.name)), None)
    if arm is None:
        told = ", ".join(one.name for one in before.arms)
        raise CommandFailed(f"{before.name} has no arm {baseline}", f"it has {told}", USAGE)
    name = f"{before.name}:{arm.name}"
    theirs = [one.model_copy(update={"arm": name}) for one in known if one.arm == arm.name]
    arms = (arm.model_copy(update={"name": name}), *experiment.arms)
    return experiment.model_copy(update={"arms": arms}), [*theirs, *results], name
