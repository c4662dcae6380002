"""Calibration cards and labels, where the configuration folder has them."""

from collections.abc import Iterator
from pathlib import Path

from infra.evals.judging import config_folder
from services.console.cli.errors import FAILED, CommandFailed
from services.evaluator.calibration.card import FOLDER, Card, read_card
from services.evaluator.errors import CardInvalid
from services.evaluator.judges.config import Jury


def card_of(jury: str, metric: str) -> Card | None:
    """The card of a jury for a metric; None where nobody has calibrated it.

    Raises:
        CommandFailed: nobody can read it.
    """
    try:
        return read_card(config_folder(), jury, metric)
    except CardInvalid as error:
        raise CommandFailed(str(error), "or delete it", FAILED) from None


def cards_of(jury: Jury) -> Iterator[Card]:
    """Every card of a jury, valid or not.

    Raises:
        CommandFailed: nobody can read one.
    """
    for path in sorted((config_folder() / FOLDER).glob(f"{jury.name}.*.json")):
        card = card_of(jury.name, path.name.split(".")[1])
        if card is not None:
            yield card


def labels_file(name: str) -> Path:
    """Where the labels of an experiment are kept."""
    return config_folder() / "labels" / f"{name}.jsonl"
