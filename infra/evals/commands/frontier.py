"""`interlock eval frontier`: what share of runs is accepted, and what an accepted one costs."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.text import Text

from services.console.cli.client import connect
from services.console.cli.output import (
    AsJson,
    Output,
    ends_well,
    show,
    table,
    usd,
    wants_json,
)
from services.console.cli.run_lists import Moment, moment_of

COLUMNS = ("", "agent", "models", "runs", "accepted", "per accepted", "p50", "standing")
WHOLE = "runs accepted p50 standing"
LEGEND = "Below a value: its 95 % interval. frontier: by point estimates. beaten: for sure."
NOTHING = """\
No run of this window was evaluated. A run is, when it ends, if its agent lists evaluators:
  evaluators: [resolved, no_false_promises]
Look further back with --since 90d, or at the trials of suites with --trials."""


@ends_well
def frontier_(
    agent: Annotated[str | None, typer.Option(help="Runs of this agent; else of all")] = None,
    since: Moment = None,
    until: Moment = None,
    tenant: Annotated[str | None, typer.Option(help="Runs of this tenant")] = None,
    trials: Annotated[bool, typer.Option("--trials", help="Also trials, and shadows")] = False,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Show cost and quality together: for each agent and its models, over the last 30 days."""
    found = connect(reading=True).get(
        "/evaluations/frontier",
        agent=agent,
        since=moment_of("--since", since),
        until=moment_of("--until", until),
        tenant=tenant,
        trials=trials or None,
    )
    show(found, _drawn(found), as_json=wants_json(output, as_json=as_json))


def _drawn(found: Any) -> Any:
    lines = found["lines"]
    if not lines:
        return NOTHING
    numbers = {(line["agent"], *line["models"]): n for n, line in enumerate(lines, start=1)}
    drawn = table(COLUMNS, (_row(line, numbers) for line in lines), numbers="runs p50", whole=WHOLE)
    drawn.caption = LEGEND if found["whole"] else f"{LEGEND} There are more, of fewer runs."
    return drawn


def _row(line: Any, numbers: Mapping[tuple[str, ...], int]) -> Sequence[object]:
    """The intervals stand below their values: a terminal is 80 characters wide."""
    seconds = line["p50_seconds"]
    return (
        numbers[line["agent"], *line["models"]],
        f"{line['agent']}\n{line['alias'] or '-'}",
        Text("\n".join(line["models"]) or "none", overflow="fold"),
        line["runs"],
        _share(line["rate"]),
        _price(line["cost_per_accepted_micro_usd"]),
        "-" if seconds is None else f"{seconds:.1f} s",
        _standing(line, numbers),
    )


def _share(rate: Any) -> str:
    return f"{rate['value']:.0%}\n{100 * rate['low']:.0f} to {rate['high']:.0%}"


def _price(price: Any) -> str:
    value = "none" if price["value"] is None else usd(price["value"])
    if price["high"] is None:
        return f"{value}\n{usd(price['low'])} or\nmore"
    return f"{value}\n{usd(price['low'])} to\n{usd(price['high'])}"


def _standing(line: Any, numbers: Mapping[tuple[str, ...], int]) -> str:
    if line["dominated_by"] is not None:
        return f"beaten\nby {numbers[line['agent'], *line['dominated_by']]}"
    return "frontier" if line["on_frontier"] else ""
