"""A report as one HTML file: no script, no network, light and dark, everything escaped.

Intervals are drawn, cases unfold to what each arm answered, and the answer of a candidate shows
what it changed of the baseline's. The style sheet is allowed by its hash, and nothing else is.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

from services.evaluator.reporting import figures
from services.evaluator.reporting.drawing import around_zero, from_zero_to_one
from services.evaluator.reporting.figures import WORDS
from services.evaluator.reporting.words import difference
from services.evaluator.results import GateFinding, Report, Result

CASES_SHOWN = 2000
ANSWER_CHARACTERS = 4000
LINES_SHOWN = 60  # of a transcript
Transcripts = Mapping[str, Sequence[str]]
_STYLE = Path(__file__).with_name("report.css").read_text(encoding="utf-8")
_MARKS = {True: ("pass", "passed"), False: ("fail", "failed"), None: ("inconclusive", "undecided")}


def html(report: Report, transcripts: Transcripts | None = None, missing: str = "") -> str:
    """The document. `transcripts` has the lines of runs that are to be shown, by run id.

    What is `missing` of them is told, so that nobody takes silence for a run without steps.
    """
    return "\n".join(_document(report, transcripts or {}, missing)) + "\n"


def _document(report: Report, transcripts: Transcripts, missing: str) -> Iterator[str]:
    one = report.experiment
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield (
        '<meta http-equiv="Content-Security-Policy" '
        f"content=\"default-src 'none'; style-src 'sha256-{digest}'\">"
    )
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{_text(one.name)}</title><style>{_STYLE}</style></head><body>"
    yield f"<h1>{_text(one.suite)}</h1>"
    yield (
        f'<p class="soft">{_text(one.name)}: {one.cases} cases x {len(report.arms)} arms x '
        f"{one.repeats}, {one.started_at:%Y-%m-%d %H:%M} UTC, {figures.money(report)}</p>"
    )
    yield from (part for finding in report.gates for part in _gate(finding))
    yield f"<p>{figures.seen(report)} {figures.touched(report)}</p>"
    yield from (f'<p class="inconclusive">{_text(note)}</p>' for note in report.notes)
    if missing:
        yield f'<p class="inconclusive">{_text(missing)}</p>'
    yield from _metrics(report)
    yield from _differences(report)
    yield from _cases(report, transcripts)
    yield "</body></html>"


def _gate(finding: GateFinding) -> Iterator[str]:
    yield f'<div class="gate {finding.verdict}"><strong>{WORDS[finding.verdict]}</strong> '
    yield f"{_text(finding.candidate)} in place of {_text(finding.baseline or '')}<ul>"
    for check in finding.checks:
        word = f'<span class="{check.verdict}">{WORDS[check.verdict].lower()}</span>'
        yield f"<li>{word}, {check.name}: {_text(check.sentence)}</li>"
    yield "</ul></div>"


def _metrics(report: Report) -> Iterator[str]:
    rows = (
        (
            _text(row.arm),
            _text(row.metric.replace("_", " ")),
            figures.value(row.rate),
            from_zero_to_one(row.rate) if row.rate.unit == "share" else "",
            figures.interval(row.rate),
            str(row.rate.cases),
            _text(figures.note(row)),
        )
        for row in report.metrics
    )
    yield "<h2>What each arm came to</h2>"
    yield from _table(("arm", "metric", "#", "0 to 100 %", "95 % interval", "#cases", ""), rows)


def _differences(report: Report) -> Iterator[str]:
    if not report.differences:
        return
    rows = (
        (
            _text(row.candidate),
            _text(row.metric.replace("_", " ")),
            figures.change(row.estimate),
            around_zero(row.estimate),
            figures.change_interval(row.estimate),
            figures.p_value(row).replace("<", "&lt;"),
            figures.moved(row),
        )
        for row in report.differences
    )
    yield "<h2>What changed against the baseline</h2>"
    columns = (
        "candidate",
        "metric",
        "#change",
        "worse to better, each to its own scale",
        "95 % interval",
        "#p",
        "",
    )
    yield from _table(columns, rows)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A column whose name begins with # holds numbers."""
    numbers = [' class="number"' if one.startswith("#") else "" for one in columns]
    yield '<div class="scroll"><table><thead><tr>'
    heads = zip(columns, numbers, strict=True)
    yield "".join(f"<th{kind}>{name.removeprefix('#')}</th>" for name, kind in heads)
    yield "</tr></thead><tbody>"
    for row in rows:
        cells = zip(row, numbers, strict=True)
        yield "<tr>" + "".join(f"<td{kind}>{cell}</td>" for cell, kind in cells) + "</tr>"
    yield "</tbody></table></div>"


def _cases(report: Report, transcripts: Transcripts) -> Iterator[str]:
    by_case: dict[str, list[Result]] = {}
    for one in report.results:
        by_case.setdefault(one.case, []).append(one)
    yield "<h2>Cases</h2><fieldset>"
    for name, words in (("all", "all"), ("failing", "not passed"), ("changed", "arms differ")):
        checked = " checked" if name == "all" else ""
        yield (f'<label><input type="radio" name="shown" id="{name}"{checked}> {words}</label>')
    yield '</fieldset><div class="cases">'
    for case, results in list(by_case.items())[:CASES_SHOWN]:
        yield from _case(report, case, results, transcripts)
    yield "</div>"
    if len(by_case) > CASES_SHOWN:
        yield f"<p>and {len(by_case) - CASES_SHOWN} more: see results.jsonl</p>"


def _case(
    report: Report, case: str, results: list[Result], transcripts: Transcripts
) -> Iterator[str]:
    passed = all(one.passed for one in results)
    outcomes = {arm: [one.passed for one in results if one.arm == arm] for arm in report.arms}
    changed = len({tuple(one) for one in outcomes.values() if one}) > 1
    kinds = " ".join(["passed"] * passed + ["changed"] * changed)
    yield f'<details class="{kinds}"><summary><span>{_text(case)}</span><span class="marks">'
    yield "".join(_mark(arm, found) for arm, found in outcomes.items())
    yield '</span></summary><div class="body">'
    first = {one.repeat: one for one in results if one.arm == report.arms[0]}
    for one in results:
        before = first.get(one.repeat) or next(iter(first.values()), None)
        yield from _result(one, before if before is not one else None, transcripts)
    yield "</div></details>"


def _mark(arm: str, found: Sequence[bool | None]) -> str:
    """How often an arm passed a case, in words and colour."""
    if not found:
        return f'<span class="mark soft">{_text(arm)} not run</span>'
    worst = False if False in found else None if None in found else True
    kind, word = _MARKS[worst]
    count = f" {sum(one is True for one in found)}/{len(found)}" if len(found) > 1 else ""
    return f'<span class="mark {kind}">{_text(arm)} {word}{count}</span>'


def _result(one: Result, before: Result | None, transcripts: Transcripts) -> Iterator[str]:
    kind, word = _MARKS[one.passed]
    again = f" #{one.repeat}" if one.repeat > 1 else ""
    yield f'<section><h3>{_text(one.arm)}{again} <span class="{kind}">{word}</span></h3>'
    yield f'<div class="answer">{_answer(one, before)}</div>'
    if one.passed is not True:
        told = "".join(f"<li>{_text(figures.plain(each))}</li>" for each in figures.reasons(one))
        yield f"<ul>{told}</ul>"
    yield (
        f'<p class="soft">{one.steps} steps, {one.seconds:.1f} s, '
        f"${one.cost_micro_usd / 1e6:.4f}, {one.approvals} approvals, {one.blocked} refused<br>"
        f"<code>interlock runs show {_text(one.run_id)}</code></p>"
    )
    if lines := transcripts.get(one.run_id):
        shown = "".join(f"<li>{_text(figures.plain(line))}</li>" for line in lines[:LINES_SHOWN])
        yield f"<ul>{shown}</ul>"
    yield "</section>"


def _answer(one: Result, before: Result | None) -> str:
    """What it answered; beside a baseline, what it changed of that."""
    answer = figures.plain(one.answer, ANSWER_CHARACTERS)
    if not answer:
        return '<span class="soft">no answer</span>'
    if before is None or not before.answer or before.answer == one.answer:
        return _text(answer)
    marks = {"same": "{}", "added": "<ins>{}</ins>", "gone": "<del>{}</del>"}
    pieces = difference(figures.plain(before.answer, ANSWER_CHARACTERS), answer)
    return "".join(marks[piece.kind].format(_text(piece.text)) for piece in pieces)


def _text(words: str) -> str:
    return escape(figures.plain(words, ANSWER_CHARACTERS * 2))
