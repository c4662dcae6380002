"""Why a run ended as it did, on one screen: back from its end, fact by fact. Pure."""

from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from services.console.cli.output import STATUS_STYLES
from services.console.rules.record import Why

NARROW = 76  # below it, the kinds of facts give way to what they say


@dataclass(frozen=True, slots=True)
class WhyScreen:
    """The end, the chain, and what to do next."""

    why: Why

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        found = self.why
        style = STATUS_STYLES.get(found.status, "")
        yield Text.assemble((found.run_id, "bold"), "  ", (found.status, style))
        yield Text(found.verdict, style=style if found.rule else "")
        if found.otherwise:
            yield Text(f"What would have changed it: {found.otherwise}.", style="dim")
        yield Text("")
        yield _chain(found, wide=options.max_width >= NARROW)
        if found.next:
            yield Text("\nWhat to do next:")
        for one in found.next:
            yield Padding(Text(one.command, style="bold"), (0, 0, 0, 2))
            yield Padding(Text(one.what, style="dim"), (0, 0, 0, 4))


def _chain(found: Why, *, wide: bool) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, justify="right", style="dim")
    grid.add_column(no_wrap=True)
    if wide:
        grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for one in found.chain:
        mark = Text("▶", style="bold yellow") if one.decides else Text("·", style="dim")
        where = f" (step {one.step})" if one.step else ""
        said = Text.assemble((one.said, "bold" if one.decides else ""), (where, "dim"))
        kind = [Text(one.type)] if wide else []
        grid.add_row(Text(str(one.sequence)), mark, *kind, said)
    if found.left_out:
        grid.add_row("", "", *([""] if wide else []), f"and {found.left_out} older ones")
    return grid
