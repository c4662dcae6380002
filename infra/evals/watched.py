"""`interlock eval calibrate --online`: a jury held against what people said of production runs.

Runs are drawn by their risk, so those that have labels are not like all: each counts by 1 / chance.
"""

from dataclasses import dataclass

from contracts.scoring import Judged
from infra.evals.calibrating import Calibrated, carded, score_of
from infra.evals.counterfactual import PAGE, PAGES, recorded_result
from infra.evals.hostile import Trier
from infra.evals.judging import config_folder, juries, named_jury
from infra.evals.labelling import labels_on_log
from services.console.cli.client import Client
from services.console.cli.errors import CONFLICT, NOT_FOUND, USAGE, CommandFailed
from services.evaluator.calibration.labels import agreed
from services.evaluator.judges.config import Jury
from services.evaluator.results import Result
from services.evaluator.sampling.config import FILE, load_watched
from shared.config import load_agents
from shared.errors import ConfigError

LABEL = "label them: interlock reviews list --split, interlock runs label"


@dataclass(frozen=True, slots=True)
class Labelled:
    """Which runs of production are asked about: of an agent, by a metric, since when, of whom."""

    agent: str
    metric: str | None
    since: str | None
    tenant: str | None


def calibrate_online(asked: Labelled, trier: Trier) -> Calibrated:
    """The card of the jury that `online.yaml` asks about the runs of an agent.

    Raises:
        CommandFailed: nobody is asked, nothing is labelled, the judges are others by now, or there
            is no money.
    """
    jury, scorer = _asked(asked)
    metric, by = scorer.metric, jury.asked(scorer)
    results = labelled_runs(trier.client, asked, metric)
    said = agreed(labels_on_log(trier.client, results))
    told = [one for one in results if (one.run_id, metric) in said]
    if not told:
        since = "" if asked.since is None else f" since {asked.since}"
        what = f"no run of {asked.agent}{since} has a label of {metric}"
        raise CommandFailed(what, LABEL, USAGE)
    ours = [one for one in told if score_of(one, metric).by == by]
    if not ours:
        what = (
            f"none of these {len(told)} runs was judged by {jury.name} as {config_folder()} has it"
        )
        raise CommandFailed(what, "wait for new runs, and label those", CONFLICT)
    return carded(jury, scorer, ours, said, trier)


def labelled_runs(client: Client, asked: Labelled, metric: str) -> list[Result]:
    """The newest runs that people labelled by a metric of which a jury was asked.

    Raises:
        CommandFailed: the platform does not answer.
    """
    found: list[Result] = []
    cursor: str | None = None
    for _ in range(PAGES):
        lines, cursor = client.page(
            "/runs",
            agent=asked.agent,
            since=asked.since,
            tenant=asked.tenant,
            labelled=metric,
            cursor=cursor,
            limit=PAGE,
        )
        found += [recorded_result(client, line["run_id"], line["tenant"]) for line in lines]
        if cursor is None:
            break
    asked_of = ("judged", metric)
    return [one for one in found if any((s.kind, s.name) == asked_of for s in one.scores)]


def _asked(asked: Labelled) -> tuple[Jury, Judged]:
    """Who is asked about the runs of an agent, and what.

    Raises:
        CommandFailed: nobody, or about several metrics and none was named.
    """
    folder, known = config_folder(), juries()
    try:
        watched = load_watched(folder, load_agents(folder), known)
    except ConfigError as error:
        raise CommandFailed(str(error), "correct it, and start the platform again", USAGE) from None
    watch = watched.get(asked.agent)
    scorers = () if watch is None else watch.scorers
    judged = {one.metric: one for one in scorers if isinstance(one, Judged)}
    named = ", ".join(judged) or "none"
    if asked.metric is None and len(judged) == 1:
        ((_, scorer),) = judged.items()
    elif asked.metric is None:
        what = f"{folder / FILE} has not one judged scorer of {asked.agent}"
        raise CommandFailed(what, f"name one with --metric; there are: {named}", USAGE)
    elif asked.metric not in judged:
        what = f"{folder / FILE} asks no jury about {asked.metric} of {asked.agent}"
        raise CommandFailed(what, f"there are: {named}", NOT_FOUND)
    else:
        scorer = judged[asked.metric]
    return named_jury(scorer.by, known), scorer
