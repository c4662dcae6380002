"""`interlock eval frontier`: what share of runs is accepted, and what an accepted one costs.

With `--weights` it asks what follows from that for the routes of `models.yaml`.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.text import Text

from infra.evals.commands.figures import price_told, share_told
from infra.evals.commands.weights import weights_drawn, weights_yaml
from services.console.cli.client import connect
from services.console.cli.output import AsJson, ends_well, show, table, wants_json
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
    weights: Annotated[
        bool, typer.Option("--weights", help="Suggest weights of routes for models.yaml")
    ] = False,
    output: Annotated[
        str, typer.Option("-o", "--output", help="text, json; with --weights also yaml")
    ] = "text",
    as_json: AsJson = False,
) -> None:
    """Show cost and quality together: for each agent and its models, over the last 30 days."""
    forms = ("text", "json", "yaml") if weights else ("text", "json")
    if output not in forms:
        raise typer.BadParameter(f"{output!r}: choose {' or '.join(forms)}", param_hint="--output")
    found = connect(reading=True).get(
        "/evaluations/weights" if weights else "/evaluations/frontier",
        agent=agent,
        since=moment_of("--since", since),
        until=moment_of("--until", until),
        tenant=tenant,
        trials=trials or None,
    )
    if output == "yaml" and not as_json:
        print(weights_yaml(found))
        return
    drawn = weights_drawn(found) if weights else _drawn(found)
    show(found, drawn, as_json=wants_json(output, as_json=as_json))


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
        share_told(line["rate"]),
        price_told(line["cost_per_accepted_micro_usd"]),
        "-" if seconds is None else f"{seconds:.1f} s",
        _standing(line, numbers),
    )


def _standing(line: Any, numbers: Mapping[tuple[str, ...], int]) -> str:
    if line["dominated_by"] is not None:
        return f"beaten\nby {numbers[line['agent'], *line['dominated_by']]}"
    return "frontier" if line["on_frontier"] else ""
