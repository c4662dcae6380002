"""A report on one screen, for people; colour says nothing that words do not."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from services.evaluator.reporting import figures
from services.evaluator.reporting.figures import WORDS
from services.evaluator.results import Exit, GateFinding, Report

STYLES: dict[Exit, str] = {"pass": "green", "fail": "red", "inconclusive": "yellow"}
SENTENCE_CHARACTERS = 160


def screen(report: Report, *, everything: bool = False) -> RenderableType:
    """All that is worth knowing, the failing cases last; `everything` shows all of those."""
    return Group(*_parts(report, everything=everything))


def told_gates(report: Report) -> RenderableType:
    """The gate's verdicts alone, each with its checks."""
    return Group(*(line for one in report.gates for line in _gate(one)))


def _parts(report: Report, *, everything: bool) -> Iterator[RenderableType]:
    one = report.experiment
    yield Text.assemble(
        (one.name, "bold"),
        f"  suite {one.suite}, {one.cases} cases x {len(report.arms)} arms x {one.repeats}, "
        f"{one.started_at:%Y-%m-%d %H:%M}, {figures.money(report)}",
    )
    yield Text()
    yield _metrics(report)
    if report.differences:
        yield Text()
        yield _differences(report)
    yield Text()
    yield Text(figures.seen(report))
    if told := figures.touched(report):
        yield Text(told)
    yield from (Text(note, style="yellow") for note in report.notes)
    for finding in report.gates:
        yield Text()
        yield from _gate(finding)
    yield from _failing(report, everything=everything)


def _metrics(report: Report) -> Table:
    found = _table("arm", "metric", "#", "95 % interval", "#cases", "")
    for row in report.metrics:
        found.add_row(
            row.arm,
            row.metric.replace("_", " "),
            figures.value(row.rate),
            figures.interval(row.rate),
            str(row.rate.cases),
            figures.note(row),
        )
    return found


def _differences(report: Report) -> Table:
    found = _table("against the baseline", "metric", "#change", "95 % interval", "#p", "")
    for row in report.differences:
        found.add_row(
            row.candidate,
            row.metric.replace("_", " "),
            figures.change(row.estimate),
            figures.change_interval(row.estimate),
            figures.p_value(row),
            figures.moved(row),
        )
    return found


def _gate(finding: GateFinding) -> Iterator[RenderableType]:
    yield Text.assemble(
        (WORDS[finding.verdict], f"bold {STYLES[finding.verdict]}"),
        f"  {finding.candidate} in place of {finding.baseline}",
    )
    for check in finding.checks:
        told = Text.assemble((WORDS[check.verdict].lower(), STYLES[check.verdict]))
        told.append(f"  {check.name}: {check.sentence}")
        yield Padding(told, (0, 0, 0, 2))


def _failing(report: Report, *, everything: bool) -> Iterator[RenderableType]:
    found = figures.failing(report)
    if not found:
        return
    yield Text()
    yield Text(f"{len(found)} trials did not pass", style="bold")
    shown = found if everything else found[: figures.FAILING_SHOWN]
    for one in shown:
        mark = "failed" if one.passed is False else "undecided"
        again = f" #{one.repeat}" if report.experiment.repeats > 1 else ""
        head = Text.assemble((mark, "red" if one.passed is False else "yellow"))
        head.append(f"  {one.arm}  {one.case}{again}  {one.run_id}")
        yield head
        for reason in figures.reasons(one):
            yield Padding(Text(figures.plain(reason, SENTENCE_CHARACTERS)), (0, 0, 0, 4))
    if len(found) > len(shown):
        yield Text(f"and {len(found) - len(shown)} more: --all")


def _table(*columns: str) -> Table:
    """A column whose name begins with # holds numbers."""
    found = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        is_number = column.startswith("#")
        found.add_column(column.removeprefix("#"), justify="right" if is_number else "left")
    return found
