"""`interlock eval label`, `calibrate` and `judges`: how far judges may be believed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.console.cli.client import connect
from services.console.cli.errors import USAGE, CommandFailed
from services.console.cli.output import AsJson, Output, ends_well, show, table, wants_json
from services.console.cli.run_lists import Moment, moment_of

if TYPE_CHECKING:
    from infra.evals.calibrating import Calibrated
    from infra.evals.labelling import Labeller
    from services.evaluator.calibration.card import Figure
    from services.evaluator.results import Result

Name = Annotated[str, typer.Argument(help="An experiment, by its name or its folder")]
Metric = Annotated[str | None, typer.Option(help="The judged one; needed where there are several")]
Labels = Annotated[
    Path | None, typer.Option(help="Else labels/EXPERIMENT.jsonl of the configuration folder")
]
ANSWERS = "p pass, f fail, s skip, q stop"


@ends_well
def label(
    name: Name,
    metric: Metric = None,
    run_id: Annotated[str | None, typer.Option("--run", help="This run alone")] = None,
    passed: Annotated[
        bool | None, typer.Option("--pass/--fail", help="Of that run, without being asked")
    ] = None,
    split: Annotated[
        bool, typer.Option("--split", help="Only runs about which the jury was undecided")
    ] = False,
    principal: Annotated[
        str | None, typer.Option("--as", help="Say it as this one of the people of this machine")
    ] = None,
    labels: Labels = None,
) -> None:
    """Answer what judges were asked, run by run, without seeing what they said."""
    from infra.evals.cards import labels_file  # noqa: PLC0415 - brings scipy
    from infra.evals.labelling import (  # noqa: PLC0415 - brings scipy
        Labeller,
        judged_results,
        undecided,
    )
    from infra.evals.loading import found, loaded  # noqa: PLC0415 - brings scipy

    folder = found(name)
    metric, results = judged_results(loaded(folder)[1], metric)
    file = labels or labels_file(folder.path.name)
    client = connect(principal=principal)
    labeller = Labeller(client, file, metric, client.get("/me")["principal"])
    if run_id is not None:
        results = [one for one in results if one.run_id == run_id]
        if not results:
            what = f"{name} has no run {run_id} that was judged"
            raise CommandFailed(what, f"see: interlock eval show {name}", USAGE)
    if passed is None:
        _ask(labeller, labeller.left(undecided(results, metric) if split else results))
    elif run_id is None:
        raise CommandFailed("--pass and --fail are of one run", "name it with --run", USAGE)
    else:
        labeller.say(results[0], passed=passed)
    typer.echo(f"{file}: see  interlock eval calibrate {name}", err=True)


@ends_well
def calibrate_(  # noqa: PLR0913, PLR0917 - typer reads one option from each
    name: Annotated[
        str | None, typer.Argument(help="An experiment, by its name or its folder; else --online")
    ] = None,
    metric: Metric = None,
    labels: Labels = None,
    online: Annotated[
        str | None, typer.Option(help="Agent: of its runs in production that people labelled")
    ] = None,
    since: Moment = None,
    tenant: Annotated[str | None, typer.Option(help="Who asks; else that of the runs")] = None,
    budget_usd: Annotated[float, typer.Option(min=0, help="For the hostile cases")] = 10.0,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Hold a jury against people's labels and hostile cases, and write its card."""
    is_json = wants_json(output, as_json=as_json)
    if (name is None) == (online is None):
        what = "It is not clear which labels are meant."
        raise CommandFailed(what, "name an experiment, or an agent with --online", USAGE)
    if online is not None and labels is not None:
        what = "--labels is of an experiment; labels of production lie on the log"
        raise CommandFailed(what, "leave out --labels, or name an experiment", USAGE)
    if name is not None and since is not None:
        raise CommandFailed("--since is of --online", "leave out one of both", USAGE)
    if name is not None:
        made = _of_experiment(name, metric, labels, tenant, budget_usd, quiet=is_json)
    else:
        made = _of_production(str(online), metric, since, tenant, budget_usd, quiet=is_json)
    answer = {**made.card.model_dump(mode="json"), "file": str(made.path), "why_not": made.why_not}
    show(answer, _told(made), as_json=is_json)


@ends_well
def judges(output: Output = "text", as_json: AsJson = False) -> None:
    """Who judges, in which juries, and what their cards say."""
    from infra.evals.cards import cards_of  # noqa: PLC0415 - brings scipy
    from infra.evals.judging import juries  # noqa: PLC0415 - brings scipy
    from services.evaluator.calibration.trust import why_uncalibrated  # noqa: PLC0415 - likewise

    lines = [
        {
            "jury": jury.name,
            "judges": {judge.name: judge.family for judge in jury.judges},
            "quorum": jury.quorum,
            "decide": jury.decide,
            "cards": [
                {
                    **card.model_dump(mode="json"),
                    "why_not": why_uncalibrated(card, card.by, jury.versions),
                }
                for card in cards_of(jury)
            ],
        }
        for jury in juries().values()
    ]
    show(lines, _juries(lines), as_json=wants_json(output, as_json=as_json))


def _of_experiment(
    name: str,
    metric: str | None,
    labels: Path | None,
    tenant: str | None,
    budget_usd: float,
    *,
    quiet: bool,
) -> "Calibrated":
    from infra.evals.calibrating import calibrate  # noqa: PLC0415 - brings scipy
    from infra.evals.cards import labels_file  # noqa: PLC0415 - brings scipy
    from infra.evals.hostile import Trier  # noqa: PLC0415 - brings scipy
    from infra.evals.labelling import judged_results  # noqa: PLC0415 - brings scipy
    from infra.evals.loading import found, loaded  # noqa: PLC0415 - brings scipy

    folder = found(name)
    metric, results = judged_results(loaded(folder)[1], metric)
    trier = Trier(connect(), tenant or results[0].tenant, budget_usd, quiet)
    return calibrate(metric, results, labels or labels_file(folder.path.name), trier)


def _of_production(
    agent: str,
    metric: str | None,
    since: str | None,
    tenant: str | None,
    budget_usd: float,
    *,
    quiet: bool,
) -> "Calibrated":
    from infra.evals.hostile import Trier  # noqa: PLC0415 - brings scipy
    from infra.evals.watched import Labelled, calibrate_online  # noqa: PLC0415 - brings scipy

    client = connect()
    asked = Labelled(agent, metric, moment_of("--since", since), tenant)
    trier = Trier(client, tenant or client.get("/me")["tenant"] or "default", budget_usd, quiet)
    return calibrate_online(asked, trier)


def _ask(labeller: "Labeller", left: "list[Result]") -> None:
    """Show run after run until all have a label, or the person stops."""
    from infra.evals.exported import exported_run  # noqa: PLC0415 - brings scipy
    from infra.evals.labelling import shown  # noqa: PLC0415 - brings scipy

    if not left:
        typer.echo(f"All of these have a label of yours for {labeller.metric}.", err=True)
        return
    for number, one in enumerate(left, start=1):
        run = exported_run(labeller.client, one.run_id, one.tenant)
        typer.echo(f"\n{number} of {len(left)}: {one.case}\n")
        typer.echo("\n".join(shown(run, labeller.metric)))
        said = typer.prompt(ANSWERS, value_proc=_answer)
        if said == "q":
            return
        if said != "s":
            labeller.say(one, passed=said == "p")


def _answer(said: str) -> str:
    letter = said.strip().lower()[:1]
    if letter not in ("p", "f", "s", "q"):
        raise typer.BadParameter(ANSWERS)
    return letter


def _told(made: "Calibrated") -> str:
    card = made.card
    figures = {
        "agreement with people (kappa)": card.kappa,
        "passes what people pass": card.sensitivity,
        "fails what people fail": card.specificity,
        "is not fooled by hostile cases": card.injection_resistance,
        "says the same in both orders": card.position_consistency,
    }
    lines = [f"{card.jury}, asked about {card.metric}: {card.n} labels, {card.undecided} undecided"]
    lines += [f"  {_figure(one)}  {words}" for words, one in figures.items() if one is not None]
    standing = "It may gate." if made.why_not is None else f"It cannot gate alone: {made.why_not}."
    return "\n".join([*lines, standing, str(made.path)])


def _figure(one: "Figure") -> str:
    return f"{one.value:5.2f} ({one.low:.2f} to {one.high:.2f})"


def _juries(lines: list[dict[str, Any]]) -> Any:
    if not lines:
        return "Nobody judges: there is no judges.yaml in the configuration folder."
    rows = [
        (
            one["jury"],
            ", ".join(f"{name} ({family})" for name, family in one["judges"].items()),
            f"{one['quorum']} of {len(one['judges'])}, {one['decide']}",
            "; ".join(map(_card, one["cards"])) or "nothing",
        )
        for one in lines
    ]
    return table(["jury", "judges", "decides", "calibrated for"], rows, whole="jury")


def _card(card: dict[str, Any]) -> str:
    if card["why_not"] is not None:
        return f"not for {card['metric']}: {card['why_not']}"
    return f"{card['metric']}: kappa {card['kappa']['value']:.2f}"
