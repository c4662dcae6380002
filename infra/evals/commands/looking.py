"""`interlock eval list`, `show`, `compare`, `gate`, `report`: what results come to."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group, RenderableType

from services.console.cli.errors import FAILED, USAGE, CommandFailed
from services.console.cli.output import AsJson, Output, ends_well, moment, show, table, wants_json

if TYPE_CHECKING:
    from services.evaluator.results import Report

INCONCLUSIVE = 6
EXITS = {"pass": 0, "fail": 1, "inconclusive": INCONCLUSIVE}
NO_VERDICT = 7  # of a gate: what ends with 1 elsewhere, where 1 is a verdict

Name = Annotated[str, typer.Argument(help="An experiment, by its name or its folder")]
Baseline = Annotated[str | None, typer.Option(help="The arm to compare with; else the first")]
Against = Annotated[str | None, typer.Option(help="Another experiment, whose arm is the baseline")]


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


@ends_well
def gate(
    name: Name,
    baseline: Baseline = None,
    against: Against = None,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """May the candidate take the baseline's place? Exits 0: pass, 1: fail, 6: cannot be told.

    An error is none of these: 7, or 2 to 5 as everywhere.
    """
    from infra.evals.gating import keep_records  # noqa: PLC0415 - brings scipy
    from infra.evals.loading import found, report_of  # noqa: PLC0415 - brings scipy
    from services.evaluator.comparing import worst  # noqa: PLC0415 - brings scipy
    from services.evaluator.reporting.terminal import told_gates  # noqa: PLC0415 - brings scipy

    with errors_apart():
        report = report_of(name, baseline=baseline, against=against, gated=True)
        answer = [one.model_dump(mode="json") for one in report.gates]
        said = Group(told_gates(report), *keep_records(report, found(name)))
        show(answer, said, as_json=wants_json(output, as_json=as_json))
    raise typer.Exit(EXITS[worst([one.verdict for one in report.gates])])


@ends_well
def report_(
    name: Name,
    form: Annotated[str, typer.Option("--format", help="markdown, junit, html, json")] = "markdown",
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


@contextmanager
def errors_apart() -> Iterator[None]:
    """Whatever fails inside is told from a verdict by its exit code.

    Raises:
        CommandFailed: with NO_VERDICT where it would have been FAILED.
    """
    try:
        yield
    except CommandFailed as error:
        if error.exit_code != FAILED:
            raise
        raise CommandFailed(error.what, error.remedy, NO_VERDICT) from error
    except Exception as error:
        what = f"the gate broke, and says nothing: {type(error).__name__}: {error}"
        raise CommandFailed(what, "report it, with the experiment's folder", NO_VERDICT) from error


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
