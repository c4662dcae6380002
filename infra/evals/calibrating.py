"""`interlock eval calibrate`: a jury held against people, and against what tries to fool it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from contracts.evaluation import AssertionResult
from contracts.scoring import Judged
from infra.evals.exported import exported_run
from infra.evals.hostile import Trier, hostile_judgements
from infra.evals.judging import config_folder, juries, named_jury
from infra.evals.labelling import labels_of, labels_on_log, scorer_of
from services.console.cli.client import Client
from services.console.cli.errors import CONFLICT, FAILED, USAGE, CommandFailed
from services.evaluator.calibration.canaries import HOSTILE
from services.evaluator.calibration.card import Card, write_card
from services.evaluator.calibration.labels import Item, agreed
from services.evaluator.calibration.making import Judgement, make_card
from services.evaluator.calibration.trust import why_uncalibrated
from services.evaluator.judges.config import FILE, Jury
from services.evaluator.results import Result


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A card, where it lies, and why it does not vouch for its jury; None where it does."""

    card: Card
    path: Path
    why_not: str | None


def calibrate(metric: str, results: Sequence[Result], labels: Path, trier: Trier) -> Calibrated:
    """The card of the jury that judged these results by this metric.

    Raises:
        CommandFailed: nothing is labelled, the judges are others by now, or there is no money.
    """
    # Git's copy first: it was reviewed.
    from_file = labels.exists()
    said = agreed(labels_of(labels) if from_file else labels_on_log(trier.client, results))
    labelled = [one for one in results if (one.run_id, metric) in said]
    if not labelled:
        where = str(labels) if from_file else "the platform"
        what = f"{where} has no label of {metric} for these runs"
        raise CommandFailed(what, "say what you think of them: interlock eval label", USAGE)
    jury, scorer = _jury(trier.client, metric, labelled)
    return carded(jury, scorer, labelled, said, trier)


def carded(
    jury: Jury,
    scorer: Judged,
    labelled: Sequence[Result],
    said: Mapping[Item, bool],
    trier: Trier,
) -> Calibrated:
    """The card of a jury, of what people `said` of these results, and of hostile cases.

    Raises:
        CommandFailed: there is no money, or the card cannot be written.
    """
    metric = scorer.metric
    judgements = [
        Judgement(said[one.run_id, metric], score_of(one, metric), is_hostile=HOSTILE in one.tags)
        for one in labelled
    ]
    judgements += hostile_judgements(jury, trier)
    try:
        card = make_card(jury, scorer, judgements, datetime.now(UTC))
        path = write_card(config_folder(), card)
    except ValueError as error:
        raise CommandFailed(str(error), "correct the label or the tag", USAGE) from None
    except OSError as error:
        what = f"the card cannot be written: {error.strerror}"
        raise CommandFailed(what, f"see {config_folder()}", FAILED) from None
    return Calibrated(card, path, why_uncalibrated(card, card.by, card.versions))


def score_of(result: Result, metric: str) -> AssertionResult:
    """What the jury said of it."""
    return next(one for one in result.scores if one.name == metric)


def _jury(client: Client, metric: str, labelled: Sequence[Result]) -> tuple[Jury, Judged]:
    """Who judged, if that is who would judge now, and what they were asked."""
    by = {score_of(one, metric).by for one in labelled}
    jury = named_jury(min(by).partition("@")[0], juries())
    first = labelled[0]
    scorer = scorer_of(exported_run(client, first.run_id, first.tenant), metric)
    if by != {jury.asked(scorer)}:
        raise CommandFailed(
            f"not all of these runs were judged by {jury.name} as "
            f"{config_folder() / FILE} has it now",
            "run the suite again, with --fresh",
            CONFLICT,
        )
    return jury, scorer
