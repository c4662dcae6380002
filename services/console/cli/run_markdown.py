"""A run as one timeline in Markdown that also reads well as plain text. Pure.

What models, tools and people said stands in fenced blocks, on lines that begin with a time: nothing
that they wrote can end the block, or become a link.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from contracts.envelope import Fact
from contracts.model import ModelRequested
from contracts.shape import Body
from services.console.cli.record_lines import (
    attempt_line,
    hold_line,
    identity_lines,
    review_lines,
    time_line,
)
from services.console.cli.render import Timeline, who
from services.console.rules.record import RunRecord, StepRecord
from services.console.rules.record.amounts import duration
from services.console.rules.record.saw import PromptRecord
from services.console.rules.words.amounts import counted, digest, size, usd

MILLISECOND = 0.001
SPECIAL = str.maketrans({one: f"\\{one}" for one in "\\`*[]<"})
TYPE_WIDTH, WHO_WIDTH = 22, 18


def run_markdown(record: RunRecord, facts: Sequence[Fact[Body]]) -> str:
    """Every fact of a run below the step that it belongs to, with what each step came to."""
    steps = {one.identity.step: one for one in record.steps}
    return "\n".join((*_head(record), *_why(record), *_chapters(facts, steps))) + "\n"


def _head(record: RunRecord) -> Iterator[str]:
    yield f"# Run {record.tenant}/{record.run_id}"
    yield ""
    spent = [
        counted(len(record.steps), "step"),
        usd(record.cost_micro_usd),
        *_lasted(record.submitted_at, record.ended_at),
    ]
    yield f"{record.agent}, {record.status}: {', '.join(spent)}."
    yield ""


def _lasted(begun: datetime | None, ended: datetime | None) -> Iterator[str]:
    if begun is not None and ended is not None:
        yield duration(round((ended - begun).total_seconds() / MILLISECOND))
    if begun is not None:
        yield f"submitted {begun:%Y-%m-%d %H:%M:%S} UTC"


def _why(record: RunRecord) -> Iterator[str]:
    yield f"> {plain(record.why.verdict)}"
    if record.why.otherwise:
        yield f"> What would have changed it: {plain(record.why.otherwise)}."
    yield ""


def _chapters(facts: Sequence[Fact[Body]], steps: Mapping[int, StepRecord]) -> Iterator[str]:
    """Facts in log order; a new heading at each step."""
    lines, number = Timeline(), 0
    block: list[str] = []
    for fact in facts:
        if isinstance(fact.body, ModelRequested):
            yield from _chapter(steps.get(number), number, block)
            number, block = fact.body.step, []
        block.append(_line(lines, fact))
    yield from _chapter(steps.get(number), number, block)


def _chapter(record: StepRecord | None, number: int, block: Sequence[str]) -> Iterator[str]:
    if not block:
        return
    yield f"## Step {number}" if number else "## Before the first step"
    yield ""
    if record is not None:
        yield from (f"- **{name}** {plain(line)}" for name, line in _summary(record))
        yield ""
    yield "```text"
    yield from block
    yield "```"
    yield ""


def _summary(record: StepRecord) -> Iterator[tuple[str, str]]:
    """What a step came to, a line for each thing that people ask."""
    yield "agent", "; ".join(identity_lines(record.identity))
    yield "saw", _saw(record)
    tried = record.route.attempts
    yield from (("route", f"{mark} {line}") for mark, line in map(attempt_line, tried))
    yield from (("money", f"{mark} {line}") for mark, line in map(hold_line, record.money.holds))
    for one in record.verdicts:
        told = f"{one.about}, by {one.rule} of {one.policy_version}: {one.reason}"
        yield "gate", f"{one.decision}: {told}"
    for review in record.reviews:
        yield from (("review", f"{mark} {line}") for mark, line in review_lines(review))
    yield "time", time_line(record.time)
    for reason in record.why:
        yield "why", f"{reason.sentence} Otherwise: {reason.otherwise}. (fact {reason.sequence})"
    if record.awaits:
        yield "waits", f"for {record.awaits}"


def _saw(record: StepRecord) -> str:
    blocks = counted(len(record.saw.blocks), "block")
    labels = ", ".join(record.saw.labels) or "nothing"
    return f"{blocks}, labels {labels}; {_prompt(record.saw.prompt)}"


def _prompt(prompt: PromptRecord) -> str:
    rebuilt = {
        "agrees": "rebuilt to it",
        "differs": "NOT rebuilt to it",
        "not_rebuilt": "not rebuilt",
    }[prompt.rebuilt.state]
    return f"prompt of {size(prompt.bytes)}, sha256 {digest(prompt.sha256)} ({rebuilt})"


def _line(lines: Timeline, fact: Fact[Body]) -> str:
    offset, _, _, told = (cell.plain for cell in lines.cells(fact))
    by, kind = who(fact), fact.type
    return f"{offset:>10}  {kind:<{TYPE_WIDTH}}  {by:<{WHO_WIDTH}}  {_one_line(told)}".rstrip()


def _one_line(text: str) -> str:
    return " ".join(text.split())


def plain(text: str) -> str:
    """A text that Markdown shows as it is, on one line."""
    return _one_line(text).translate(SPECIAL)
