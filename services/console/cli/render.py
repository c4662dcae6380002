"""The timeline of a run: pure, from facts to something rich can print."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from contracts.envelope import Fact
from contracts.history import Run, fold
from contracts.model import ModelRequested
from contracts.run import RunCancelled, RunCompleted, RunFailed
from contracts.shape import Body
from contracts.subjects import CONSOLE, kind_of
from services.console.api.shapes import FactView
from services.console.cli.output import status_text
from services.console.rules.words.amounts import usd
from services.console.rules.words.sentences import sentence

# By the last word of a fact's type; a mark beside the color, for who cannot tell colors.
MARKS: Mapping[str, tuple[str, str]] = {
    "cleared": ("✓", "green"),
    "completed": ("✓", "green"),
    "succeeded": ("✓", "green"),
    "blocked": ("✗", "red"),
    "failed": ("✗", "red"),
    "unfunded": ("✗", "red"),
    "answer_refused": ("✗", "red"),
    "escalated": ("?", "yellow"),
    "unknown": ("?", "yellow"),
    "decided": ("!", "yellow"),
    "answered": ("!", "yellow"),
    "cancelled": ("✗", "magenta"),
    "cancel_requested": ("!", "magenta"),
    "funded": ("$", "blue"),
    "settled": ("$", "blue"),
    "labelled": ("!", "yellow"),
    "responded": ("◆", "cyan"),
    "proposed": ("◆", "cyan"),
}
QUIET = ("·", "dim")
OFFSET_WIDTH, WHO_WIDTH, TYPE_WIDTH = 9, 18, 23
# Below this a sentence needs the room of who said it; the type of a fact has one owner anyway.
NARROW = 110
# And below this, the type of a fact stands above its sentence.
SLIM = 70

Cells = tuple[Text, Text, Text, Text]


def facts_from(views: Iterable[Mapping[str, Any]]) -> list[Fact[Body]]:
    """Facts from what the API answers; what a newer release says is passed over."""
    found = []
    for view in views:
        try:
            found.append(FactView.model_validate(view).fact())
        except ValueError:
            continue
    return found


def timeline(facts: Sequence[Fact[Body]]) -> RenderableType:
    """Every fact of a run with its offset, who said it, and a sentence; then the outcome."""
    if not facts:
        return Text("This run has no facts.")
    run = fold(facts)
    lines = Timeline()
    grid = Lines()
    parts: list[RenderableType] = [_header(run, facts)]
    for fact in facts:
        if isinstance(fact.body, ModelRequested):
            parts.append(grid)
            parts.append(step_rule(fact.body.step))
            grid = Lines()
        grid.rows.append(lines.cells(fact))
    return Group(*parts, grid, footer(run))


@dataclass(slots=True)
class Timeline:
    """Facts of one run as they come, each with its offset from the first."""

    begun: datetime | None = None

    def cells(self, fact: Fact[Body]) -> Cells:
        """Offset, who said it, its type, its sentence."""
        moment = fact.stored_at or fact.time
        self.begun = self.begun or moment
        mark, style = MARKS.get(fact.type.split(".")[1], QUIET)
        return (
            Text(f"+{(moment - self.begun).total_seconds():.3f}s", style="dim"),
            Text(who(fact), style="dim"),
            Text(f"{mark} {fact.type}", style=style),
            Text(sentence(fact)),
        )


@dataclass(frozen=True, slots=True)
class Lines:
    """Facts below each other, in the columns that the terminal has room for."""

    rows: list[Cells] = field(default_factory=list)

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        grid = Table.grid(padding=(0, 2))
        grid.add_column(justify="right", no_wrap=True, min_width=OFFSET_WIDTH)
        if options.max_width >= NARROW:
            grid.add_column(
                no_wrap=True, min_width=WHO_WIDTH, max_width=WHO_WIDTH, overflow="ellipsis"
            )
        if options.max_width >= SLIM:
            grid.add_column(no_wrap=True, min_width=TYPE_WIDTH)
        grid.add_column(overflow="fold")
        for row in self.rows:
            grid.add_row(*_fitting(row, options.max_width))
        yield grid


def _fitting(cells: Cells, width: int) -> tuple[Text, ...]:
    if width >= NARROW:
        return cells
    offset, _, kind, told = cells
    return (offset, kind, told) if width >= SLIM else (offset, Text("\n").join((kind, told)))


def who(fact: Fact[Body]) -> str:
    """Who said it: the person where there is one, else the service that owns such facts."""
    owner = kind_of(fact.type).owner
    # What the console signs, it signs for somebody.
    return str(getattr(fact.body, "principal", owner)) if owner == CONSOLE else owner


def step_rule(number: int) -> RenderableType:
    """What stands between two steps."""
    return Rule(Text(f"step {number}", style="dim"), style="dim", align="left", characters="─")


def _header(run: Run, facts: Sequence[Fact[Body]]) -> Text:
    first, last = (one.stored_at or one.time for one in (facts[0], facts[-1]))
    agent = run.submitted.body.agent if run.submitted else "?"
    steps = f"{len(run.steps)} step{'' if len(run.steps) == 1 else 's'}"
    return Text.assemble(
        (f"{run.tenant}/{run.run_id}", "bold"),
        f"  {agent}  ",
        status_text(run.status),
        f"  {steps}, {len(facts)} facts, {usd(run.cost_micro_usd)}, ",
        f"{(last - first).total_seconds():.3f}s",
        (f"  since {first:%Y-%m-%d %H:%M:%S} UTC\n", "dim"),
    )


def footer(run: Run) -> RenderableType:
    """How it ended, or what it waits for."""
    match run.end:
        case Fact(body=RunCompleted(answer=answer)):
            told = Text(answer)
        case Fact(body=RunFailed(rule=rule, reason=reason)):
            told = Text(f"{rule}: {reason}", style="red")
        case Fact(body=RunCancelled(principal=principal)):
            told = Text(f"cancelled by {principal}", style="magenta")
        case _:
            return Padding(waiting(run), (1, 0, 0, 0))
    if run.open_reviews:
        told = Text("\n").join((told, waiting(run)))
    return Padding(told, (1, 0, 0, 0))


def waiting(run: Run) -> Text:
    """Whom it waits for, and the command that answers them."""
    names = [f"{run.run_id}.{one.requested.body.review_id}" for one in run.open_reviews]
    if not names:
        return Text("not ended yet", style="dim")
    commands = "\n".join(f"  interlock reviews approve {name}" for name in names)
    return Text(f"It waits for a person:\n{commands}", style="yellow")
