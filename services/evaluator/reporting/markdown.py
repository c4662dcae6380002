"""A report for a pull request: the verdict first, small tables, failing cases folded away."""

import re
from collections.abc import Iterable, Iterator, Sequence

from services.evaluator.reporting import figures
from services.evaluator.reporting.figures import WORDS
from services.evaluator.results import GateFinding, Report, Result

LIMIT_CHARACTERS = 60_000  # GitHub takes 65,536 in a comment
REASON_CHARACTERS = 300
# Everything that Markdown, HTML, or GitHub (mentions, references) would make something of.
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|<>~$&@-])")


def markdown(report: Report) -> str:
    """The document, as many failing cases as fit."""
    head = "\n".join(_head(report))
    rows: list[str] = []
    found = figures.failing(report)
    room = LIMIT_CHARACTERS - len(head) - 500
    for one in found:
        row = _failure(report, one)
        if room < len(row):
            break
        room -= len(row) + 1
        rows.append(row)
    return head + "\n" + "\n".join(_folded(len(found), rows))


def _head(report: Report) -> Iterator[str]:
    one = report.experiment
    yield f"### Evaluation of {escaped(one.suite)}"
    yield ""
    for finding in report.gates:
        yield from _gate(finding)
    yield (
        f"{one.cases} cases x {len(report.arms)} arms x {one.repeats}, {figures.money(report)}. "
        f"{figures.seen(report)} {figures.touched(report)}".rstrip()
    )
    yield ""
    yield from _rows(
        ("arm", "metric", "", "95 % interval", "cases", ""),
        (
            (
                escaped(row.arm),
                escaped(row.metric),
                figures.value(row.rate),
                figures.interval(row.rate),
                str(row.rate.cases),
                escaped(figures.note(row)),
            )
            for row in report.metrics
        ),
    )
    if report.differences:
        yield from _rows(
            ("candidate", "metric", "change", "95 % interval", "p", ""),
            (
                (
                    escaped(row.candidate),
                    escaped(row.metric),
                    figures.change(row.estimate),
                    figures.change_interval(row.estimate),
                    figures.p_value(row).replace("<", "&lt;"),
                    figures.moved(row),
                )
                for row in report.differences
            ),
        )
    yield from (f"> {escaped(note)}\n" for note in report.notes)


def _gate(finding: GateFinding) -> Iterator[str]:
    arms = f"{escaped(finding.candidate)} in place of {escaped(finding.baseline or '')}"
    yield f"**{WORDS[finding.verdict]}**: {arms}"
    yield ""
    for check in finding.checks:
        yield f"- {WORDS[check.verdict].lower()}, {check.name}: {escaped(check.sentence)}"
    yield ""


def _rows(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


def _folded(total: int, rows: list[str]) -> Iterator[str]:
    if not total:
        return
    yield f"<details><summary>{total} trials did not pass</summary>"
    yield ""
    yield from rows
    if total > len(rows):
        yield f"- and {total - len(rows)} more"
    yield ""
    yield "</details>"


def _failure(report: Report, one: Result) -> str:
    again = f" #{one.repeat}" if report.experiment.repeats > 1 else ""
    mark = "failed" if one.passed is False else "undecided"
    told = escaped(figures.plain("; ".join(figures.reasons(one)), REASON_CHARACTERS))
    return f"- {mark} **{escaped(one.case)}**{again}, {escaped(one.arm)}: {told}"


def escaped(text: str) -> str:
    """Text that others wrote, as text: on one line, and no markup of anybody's."""
    return (
        _SPECIAL.sub(r"\\\1", " ".join(text.split()))
        .replace("\\@", "@\u200b")
        .replace("\\<", "&lt;")
    )
