"""One step on one screen: what it saw, what it decided, and what came of it. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from services.console.cli.record_lines import (
    attempt_line,
    call_lines,
    decided_lines,
    hold_line,
    identity_lines,
    review_lines,
    time_line,
)
from services.console.rules.record import StepRecord
from services.console.rules.record.amounts import duration
from services.console.rules.record.saw import Block, Saw
from services.console.rules.words.amounts import digest, short, size, usd
from services.console.rules.words.findings import found

# Below this, digests and places in the log give way to what people read first.
NARROW = 76
ROOM = 8  # of a line, for its mark and the space around it
DECISION_MARKS = {
    "cleared": ("✓", "green"),
    "blocked": ("✗", "red"),
    "escalated": ("?", "yellow"),
}
REBUILT = {
    "agrees": ("✓ rebuilt to that digest", "green"),
    "differs": ("✗ rebuilt to ANOTHER digest", "red"),
    "not_rebuilt": ("? not rebuilt", "yellow"),
}


@dataclass(frozen=True, slots=True)
class StepScreen:
    """A step, in the columns that the terminal has room for."""

    record: StepRecord

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        width, record = options.max_width, self.record
        yield from _head(record)
        yield from _section("saw", _saw(record.saw, width))
        yield from _section("route", _marked(attempt_line(one) for one in record.route.attempts))
        yield from _section("decided", _plain(decided_lines(record), width))
        yield from _section("calls", _marked(one for c in record.calls for one in call_lines(c)))
        yield from _section("verdicts", _verdicts(record))
        yield from _section("reviews", _marked(x for r in record.reviews for x in review_lines(r)))
        yield from _section("money", _marked(hold_line(one) for one in record.money.holds))
        yield from _section("time", [Text(time_line(record.time))])
        yield from _section("why", list(_why(record)))


def _head(record: StepRecord) -> Iterator[RenderableType]:
    one = record.identity
    state = (record.state, "green" if record.state == "over" else "yellow")
    yield Text.assemble(
        (f"{one.tenant}/{one.run_id}", "bold"),
        (f"  step {one.step}", "bold"),
        *([] if one.purpose == "step" else [f" ({one.purpose})"]),
        "  ",
        state,
        f"  {usd(record.money.cost_micro_usd)}, {duration(record.time.total_ms)}",
    )
    yield from (Text(line, style="dim") for line in identity_lines(one))
    if record.awaits:
        yield Text(f"It waits for {record.awaits}.", style="yellow")


def _section(name: str, lines: Sequence[RenderableType]) -> Iterator[RenderableType]:
    """Lines below a heading; nothing at all where there is nothing to tell."""
    if lines:
        yield Rule(Text(name, style="bold"), style="dim", align="left", characters="─")
        yield from lines


def _saw(saw: Saw, width: int) -> list[RenderableType]:
    grid = Table.grid(padding=(0, 2))
    wide = width >= NARROW
    grid.add_column(no_wrap=True, style="cyan")
    grid.add_column(overflow="fold", ratio=1)
    grid.add_column(no_wrap=True, max_width=20, overflow="ellipsis")
    grid.add_column(no_wrap=True, justify="right")
    if wide:
        grid.add_column(no_wrap=True, style="dim")
    for block in saw.blocks:
        cells = [block.kind, _source(block), block.label, size(block.bytes)]
        grid.add_row(*map(Text, cells + ([digest(block.sha256)] if wide else [])))
    return [*([grid] if saw.blocks else []), _prompt(saw)]


def _source(block: Block) -> str:
    notes = [
        *([f"of run {block.run_id}"] if block.run_id else []),
        *(["text cleared to make room"] if block.is_cleared else []),
        *(["beside the log"] if block.lies_beside_the_log else []),
    ]
    return f"{block.source} ({', '.join(notes)})" if notes else block.source


def _prompt(saw: Saw) -> RenderableType:
    """The prompt as a whole, what it leaves out, and what could be called."""
    prompt = saw.prompt
    reason = f": {prompt.rebuilt.reason}" if prompt.rebuilt.state == "not_rebuilt" else ""
    mark, style = REBUILT[prompt.rebuilt.state]
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="cyan")
    grid.add_column(overflow="fold")
    found = f"{size(prompt.bytes)}, {digest(prompt.sha256)}  "
    grid.add_row("prompt", Text.assemble(found, (mark + reason, style)))
    for one in saw.compactions:
        before, after = size(one.bytes_before), size(one.bytes_after)
        grid.add_row(one.kind, Text(f"through step {one.through_step}: {before} became {after}"))
    tools = short(", ".join(one.name for one in saw.tools) or "none")
    grid.add_row("tools", Text(f"{tools}; at most {saw.max_output_tokens:,} tokens out"))
    return grid


STYLES: dict[str, str] = {"✓": "green", "✗": "red", "?": "yellow", "·": "dim"}


def _marked(lines: Iterable[tuple[str, str]]) -> list[RenderableType]:
    """Lines with a mark before them; what is too long goes on below itself."""
    found = list(lines)
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for mark, line in found:
        grid.add_row(Text(mark, style=STYLES.get(mark, "")), Text(line))
    return [grid] if found else []


def _plain(lines: Iterable[str], width: int) -> list[RenderableType]:
    """Each on two lines at most: the whole of it is in the prompt of the next step."""
    return [Text(short(line, max(2 * width - ROOM, ROOM))) for line in lines]


def _verdicts(record: StepRecord) -> list[RenderableType]:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for one in record.verdicts:
        mark, style = DECISION_MARKS[one.decision]
        grid.add_row(
            Text(mark, style=style),
            Text.assemble(
                f"{one.about}: {one.reason}{found(one.findings)} ",
                (f"[{one.rule}, {one.policy_version}]", "dim"),
            ),
        )
    return [grid] if record.verdicts else []


def _why(record: StepRecord) -> Iterator[RenderableType]:
    if not record.why:
        yield Text("Nothing bound it: the first route answered, and every gate let it through.")
        return
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, justify="right", style="dim")
    grid.add_column(overflow="fold")
    for one in record.why:
        otherwise = (f"\notherwise: {one.otherwise}", "dim")
        grid.add_row(str(one.sequence), Text.assemble(one.sentence, otherwise))
    yield grid
