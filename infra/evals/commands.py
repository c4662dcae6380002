"""What people type: `interlock eval run|list|show|compare|gate|report`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import RenderableType

from services.console.cli.errors import USAGE, CommandFailed
from services.console.cli.output import AsJson, Output, ends_well, moment, show, table, wants_json
from services.console.cli.run_lists import Moment, moment_of

# What compares runs brings scipy along, which no other command waits for: so it is imported late.
if TYPE_CHECKING:
    from services.evaluator.results import Report

INCONCLUSIVE = 6
EXITS = {"pass": 0, "fail": 1, "inconclusive": INCONCLUSIVE}
WORST_LAST = ("pass", "inconclusive", "fail")
app = typer.Typer(help="Suites: run, compare, gate, report", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="An experiment, by its name or its folder")]
Baseline = Annotated[str | None, typer.Option(help="The arm to compare with; else the first")]
Against = Annotated[str | None, typer.Option(help="Another experiment, whose arm is the baseline")]

Budget = Annotated[float | None, typer.Option(min=0, help="Stops before it would cost more")]
AtOnce = Annotated[int, typer.Option(min=1, max=64, help="Trials open at once")]
ItsName = Annotated[str | None, typer.Option(help="Yours; else by what is tried")]
Out = Annotated[Path | None, typer.Option(help="The folder of its results")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Begin anew, under another name")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask about the cost")]


@app.command()
@ends_well
def run(  # noqa: PLR0913, PLR0917 - typer reads one option from each
    suite: Annotated[Path, typer.Argument(help="suites/<name>.yaml, or a .jsonl file of cases")],
    agent: Annotated[list[str] | None, typer.Option(help="An arm each; else the suite's")] = None,
    model: Annotated[list[str] | None, typer.Option(help="An alias to try; an arm each")] = None,
    prompt: Annotated[
        list[Path] | None,
        typer.Option(exists=True, dir_okay=False, help="Instructions to try; an arm each"),
    ] = None,
    case: Annotated[list[str] | None, typer.Option(help="Only this case")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Only cases with this tag")] = None,
    sample: Annotated[int | None, typer.Option(min=1, help="So many of them, drawn")] = None,
    seed: Annotated[int, typer.Option(help="Of the sample")] = 0,
    repeat: Annotated[int | None, typer.Option(min=1, max=100, help="Each case so often")] = None,
    tools: Annotated[str, typer.Option(help="stubbed; real only where they are a sandbox")] = (
        "stubbed"
    ),
    budget_usd: Budget = None,
    at_once: AtOnce = 8,
    name: ItsName = None,
    out: Out = None,
    fresh: Fresh = False,
    tenant: Annotated[str | None, typer.Option(help="Whose runs they are")] = None,
    yes: Yes = False,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Try every case of a suite on the running platform. The same command goes on with it."""
    from infra.evals.carrying import Way  # noqa: PLC0415 - brings scipy
    from infra.evals.running import Order, run_suite  # noqa: PLC0415 - brings scipy

    order = Order(
        suite=suite,
        agents=tuple(agent or ()),
        models=tuple(model or ()),
        prompts=tuple(prompt or ()),
        cases=tuple(case or ()),
        tags=tuple(tag or ()),
        sample=sample,
        seed=seed,
        repeats=repeat,
        tools=tools,
        way=Way(
            budget_usd=budget_usd,
            at_once=at_once,
            name=name,
            out=out,
            fresh=fresh,
            tenant=tenant,
            yes=yes,
            quiet=wants_json(output, as_json=as_json),
        ),
    )
    raise typer.Exit(run_suite(order))


@app.command()
@ends_well
def counterfactual(  # noqa: PLR0913, PLR0917 - typer reads one option from each
    agent: Annotated[str, typer.Argument(help="Whose recorded runs")],
    model: Annotated[list[str] | None, typer.Option(help="An alias to try; an arm each")] = None,
    prompt: Annotated[
        list[Path] | None,
        typer.Option(exists=True, dir_okay=False, help="Instructions to try; an arm each"),
    ] = None,
    runs: Annotated[int, typer.Option(min=1, max=5000, help="So many of them, drawn")] = 100,
    seed: Annotated[int, typer.Option(help="Of the draw")] = 0,
    since: Moment = None,
    until: Moment = None,
    repeat: Annotated[int, typer.Option(min=1, max=100, help="Each run so often")] = 1,
    budget_usd: Budget = None,
    at_once: AtOnce = 8,
    name: ItsName = None,
    out: Out = None,
    fresh: Fresh = False,
    tenant: Annotated[str | None, typer.Option(help="Whose runs")] = None,
    yes: Yes = False,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Fork recorded runs with something changed, touching nothing, and compare pair by pair."""
    from infra.evals.carrying import Way  # noqa: PLC0415 - brings scipy
    from infra.evals.imagining import Question, imagine  # noqa: PLC0415 - brings scipy

    question = Question(
        agent=agent,
        models=tuple(model or ()),
        prompts=tuple(prompt or ()),
        runs=runs,
        seed=seed,
        since=moment_of("--since", since),
        until=moment_of("--until", until),
        repeats=repeat,
        way=Way(
            budget_usd=budget_usd,
            at_once=at_once,
            name=name,
            out=out,
            fresh=fresh,
            tenant=tenant,
            yes=yes,
            quiet=wants_json(output, as_json=as_json),
        ),
    )
    raise typer.Exit(imagine(question))


@app.command("list")
@ends_well
def list_(output: Output = "text", as_json: AsJson = False) -> None:
    """The experiments of this machine, the newest first."""
    from infra.evals.folder import experiments  # noqa: PLC0415 - brings scipy
    from infra.evals.loading import loaded  # noqa: PLC0415 - brings scipy

    known = [loaded(folder) for folder in experiments()]
    lines = [
        {
            "name": one.name,
            "suite": one.suite,
            "arms": [arm.name for arm in one.arms],
            "results": len(results),
            "trials": one.cases * one.repeats * len(one.arms),
            "started_at": one.started_at.isoformat(),
        }
        for one, results in known
    ]
    show(lines, _experiments(lines), as_json=wants_json(output, as_json=as_json))


@app.command("show")
@ends_well
def show_(
    name: Name,
    failing: Annotated[bool, typer.Option("--all", help="Every failing case")] = False,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """What an experiment found, with error bars."""
    from infra.evals.loading import report_of  # noqa: PLC0415 - brings scipy

    _show(report_of(name, baseline=None, against=None), failing, output, as_json=as_json)


@app.command("compare")
@ends_well
def compare_(
    name: Name,
    baseline: Baseline = None,
    against: Against = None,
    failing: Annotated[bool, typer.Option("--all", help="Every failing case")] = False,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Hold the arms of an experiment, or two experiments, against each other."""
    from infra.evals.loading import report_of  # noqa: PLC0415 - brings scipy

    _show(report_of(name, baseline=baseline, against=against), failing, output, as_json=as_json)


@app.command()
@ends_well
def gate(
    name: Name,
    baseline: Baseline = None,
    against: Against = None,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """May the candidate take the baseline's place? Exits 0: pass, 1: fail, 6: cannot be told."""
    from infra.evals.loading import report_of  # noqa: PLC0415 - brings scipy
    from services.evaluator.reporting.terminal import told_gates  # noqa: PLC0415 - brings scipy

    report = report_of(name, baseline=baseline, against=against, gated=True)
    answer = [one.model_dump(mode="json") for one in report.gates]
    show(answer, told_gates(report), as_json=wants_json(output, as_json=as_json))
    worst = max((one.verdict for one in report.gates), key=WORST_LAST.index)
    raise typer.Exit(EXITS[worst])


@app.command("report")
@ends_well
def report_(
    name: Name,
    form: Annotated[str, typer.Option("--format", help="markdown, junit, json")] = "markdown",
    file: Annotated[Path | None, typer.Option("-o", "--output", help="Else to the screen")] = None,
    baseline: Baseline = None,
    against: Against = None,
) -> None:
    """Write a report: markdown for a pull request, junit for a build server, html, json."""
    from infra.evals.forms import written  # noqa: PLC0415 - brings scipy
    from infra.evals.loading import found, loaded, report_of  # noqa: PLC0415 - brings scipy

    several = against is not None or len(loaded(found(name))[0].arms) > 1
    report = report_of(name, baseline=baseline, against=against, gated=several)
    text = written(report, form)
    if file is None:
        typer.echo(text)
    else:
        _write(file, text)
        typer.echo(f"{file}: {len(text):,} characters", err=True)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        what = f"{file} cannot be written: {error.strerror}"
        raise CommandFailed(what, "name a file in a folder that is there", USAGE) from None


def _show(report: "Report", failing: bool, output: str, *, as_json: bool) -> None:
    from services.evaluator.reporting.terminal import screen  # noqa: PLC0415 - brings scipy

    answer = report.model_dump(mode="json")
    show(answer, screen(report, everything=failing), as_json=wants_json(output, as_json=as_json))


def _experiments(lines: list[dict[str, Any]]) -> RenderableType:
    if not lines:
        return "No suite was run here yet. Try: interlock eval run infra/config/suites/support.yaml"
    columns = ["experiment", "suite", "arms", "results", "started"]
    rows = [
        (
            one["name"],
            one["suite"],
            ", ".join(one["arms"]),
            f"{one['results']}/{one['trials']}",
            moment(one["started_at"]),
        )
        for one in lines
    ]
    return table(columns, rows, numbers="results", whole="experiment")
