"""A calibration card: what is known of a jury, in a file that people review and git keeps.

`cards/<jury>.<metric>.json` of the configuration folder: who is good at one question need not be
good at another. It counts, so that every figure on it can be worked out again.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import structlog
from pydantic import Field, ValidationError

from contracts.shape import Body, Token, UtcTime, Written
from services.evaluator.errors import CardInvalid
from services.evaluator.statistics.agreement import Confusion
from services.evaluator.statistics.intervals import Interval
from shared.config import describe

log = structlog.get_logger()

FOLDER = "cards"

Count = Annotated[int, Field(ge=0)]


class Figure(Body):
    """A value, and the interval that it lies in with a confidence of 95 in 100."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, found: Interval) -> "Figure":
        return cls(value=found.value, low=found.low, high=found.high)


class Card(Written):
    """What a jury said of cases that people labelled, asked one question.

    `by` is as results have it: another judge, model, wording or question has another one.

    `true_pass` and the like count ordinary cases that the jury decided: it said pass, and so do
    people. A figure is absent where there was nothing to take it of. `undecided` counts for no
    figure. Cases drawn with other chances count by 1 / chance, rounded, and together for as many as
    would be as sure if each were drawn alike. `resisted` of the `hostile` cases did not pass, which
    is how all of them are labelled.
    """

    metric: Token
    by: str
    versions: dict[Token, str]
    made_at: UtcTime
    true_pass: Count
    false_pass: Count
    true_fail: Count
    false_fail: Count
    undecided: Count = 0
    hostile: Count
    resisted: Count
    kappa: Figure | None = None
    sensitivity: Figure | None = None
    specificity: Figure | None = None
    position_consistency: Figure | None = None
    injection_resistance: Figure | None = None

    @property
    def jury(self) -> str:
        return self.by.partition("@")[0]

    @property
    def n(self) -> int:
        """How many ordinary cases it stands on."""
        return self.true_pass + self.false_pass + self.true_fail + self.false_fail

    @property
    def confusion(self) -> Confusion:
        return Confusion(self.true_pass, self.false_pass, self.true_fail, self.false_fail)


def card_path(config_dir: Path, jury: str, metric: str) -> Path:
    """Where the card of a jury is, for one metric."""
    return config_dir / FOLDER / f"{jury}.{metric}.json"


def read_card(config_dir: Path, jury: str, metric: str) -> Card | None:
    """The card of a jury for a metric; None where nobody has calibrated it.

    Raises:
        CardInvalid: the file is no card, or that of another jury or metric.
    """
    path = card_path(config_dir, jury, metric)
    try:
        card = Card.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CardInvalid(path, str(error.strerror)) from None
    except ValidationError as error:
        raise CardInvalid(path, describe(error)) from None
    if (card.jury, card.metric) != (jury, metric):
        raise CardInvalid(path, f"it is the card of {card.jury} for {card.metric}")
    return card


def cards_in(config_dir: Path) -> Callable[[str, str], Card | None]:
    """The cards of a folder, as they are when they are asked for; one that is invalid is none."""

    def card_of(jury: str, metric: str) -> Card | None:
        try:
            return read_card(config_dir, jury, metric)
        except CardInvalid as error:
            log.warning("evaluator.card_invalid", reason=str(error))
            return None

    return card_of


def write_card(config_dir: Path, card: Card) -> Path:
    """Write the card where it is read from, in lines that a reviewer can compare."""
    path = card_path(config_dir, card.jury, card.metric)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{card.model_dump_json(indent=2)}\n", encoding="utf-8")
    return path
