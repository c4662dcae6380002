"""`interlock eval label`: people answer what judges were asked, without being told the verdicts.

A label is a fact of its run, and a line of a file that git keeps: who said what, and when. What the
platform refuses is in neither.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.history import Run
from contracts.history.stubs import trial_of
from contracts.scoring import Judged
from services.console.cli.client import Client
from services.console.cli.errors import NOT_FOUND, USAGE, CommandFailed
from services.console.cli.labels import give_label
from services.evaluator.calibration.labels import Label, add_label, read_labels
from services.evaluator.errors import EvaluatorError
from services.evaluator.judges.transcript import transcript_of
from services.evaluator.results import Result


@dataclass(frozen=True, slots=True)
class Labeller:
    """A person at work on one metric of an experiment."""

    client: Client
    file: Path
    metric: str
    principal: str

    def say(self, result: Result, *, passed: bool) -> None:
        """Keep what the person says: first as a fact, then in the file.

        Raises:
            CommandFailed: the platform refuses it, or it cannot be kept.
        """
        said = give_label(self.client, result.run_id, self.metric, result.tenant, passed=passed)
        label = _label(result.run_id, said)
        try:
            add_label(self.file, label)
        except EvaluatorError as error:
            raise CommandFailed(str(error), "name another file: --labels FILE", USAGE) from None

    def left(self, results: Sequence[Result]) -> list[Result]:
        """What this person has not labelled yet."""
        done = {
            one.run_id
            for one in labels_of(self.file)
            if (one.metric, one.principal) == (self.metric, self.principal)
        }
        return [one for one in results if one.run_id not in done]


def labels_on_log(client: Client, results: Sequence[Result]) -> tuple[Label, ...]:
    """What people said of these runs, as the platform keeps it.

    Raises:
        CommandFailed: one of the runs is not there.
    """
    views = [(one, client.get(f"/runs/{one.run_id}", tenant=one.tenant)) for one in results]
    return tuple(_label(one.run_id, said) for one, view in views for said in view["labels"])


def _label(run_id: str, said: Mapping[str, Any]) -> Label:
    known = {name: said[name] for name in ("metric", "passed", "principal", "at")}
    return Label.model_validate({"run_id": run_id, **known})


def labels_of(file: Path) -> tuple[Label, ...]:
    """The labels of a file; none where there is no file yet.

    Raises:
        CommandFailed: it has mistakes.
    """
    if not file.exists():
        return ()
    try:
        return read_labels(file)
    except EvaluatorError as error:
        raise CommandFailed(str(error), "correct the file", USAGE) from None


def judged_results(results: Sequence[Result], metric: str | None) -> tuple[str, list[Result]]:
    """The metric that judges were asked about, and the results that have it.

    Raises:
        CommandFailed: there is none, or several and none was named.
    """
    by_metric: dict[str, list[Result]] = {}
    for result in results:
        for score in result.scores:
            if score.kind == "judged" and score.by:
                by_metric.setdefault(score.name, []).append(result)
    known = ", ".join(by_metric) or "none"
    if metric is None and len(by_metric) == 1:
        return next(iter(by_metric.items()))
    if metric is None:
        what = "no judge was asked" if not by_metric else "judges were asked about several metrics"
        raise CommandFailed(what, f"name one with --metric; there are: {known}", USAGE)
    if metric not in by_metric:
        what = f"no judge was asked about {metric}"
        raise CommandFailed(what, f"there are: {known}", NOT_FOUND)
    return metric, by_metric[metric]


def undecided(results: Sequence[Result], metric: str) -> list[Result]:
    """Those about which the jury could not agree."""
    return [
        result
        for result in results
        if any(one.undecided for one in result.scores if one.name == metric)
    ]


def scorer_of(run: Run, metric: str) -> Judged:
    """The scorer of a trial that asks judges about this metric."""
    trial = trial_of(run)
    assert trial is not None, "only trials are judged"
    return next(one for one in trial.scorers if isinstance(one, Judged) and one.metric == metric)


def shown(run: Run, metric: str) -> Iterator[str]:
    """What a person is shown: the question, and the transcript as judges have it."""
    scorer, transcript = scorer_of(run, metric), transcript_of(run)
    yield from map(str, (*transcript.parts, transcript.answer))
    if scorer.reference is not None:
        yield f"COMPARED WITH\n| {scorer.reference}\n"
        yield "Pass it if it is at least as good as that, by this question:"
    yield scorer.question
