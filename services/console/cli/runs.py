"""`interlock runs`: show, watch. Lists are in `run_lists`, what changes a run in `control`."""

from typing import Annotated, Any

import typer

from services.console.cli.client import SILENCE_SECONDS, Client, connect
from services.console.cli.output import (
    AsJson,
    Output,
    Tenant,
    ends_well,
    show,
    wants_json,
)

app = typer.Typer(help="What runs, what ran, and why.", no_args_is_help=True)
RunId = Annotated[str, typer.Argument(help="The id of the run")]


@app.command("show")
@ends_well
def show_(
    run_id: RunId,
    prompt: Annotated[int | None, typer.Option(min=1, help="What the model saw at a step")] = None,
    tenant: Tenant = None,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Show one run as a timeline: every fact, who said it, and what it means."""
    wanted_json = wants_json(output, as_json=as_json)
    client = connect(reading=True)
    if prompt is not None:
        _show_prompt(client, run_id, prompt, tenant, as_json=wanted_json)
        return
    facts = client.get(f"/runs/{run_id}/facts", tenant=tenant)
    from services.console.cli.render import facts_from, timeline  # noqa: PLC0415 - slow

    show(facts, timeline(facts_from(facts)), as_json=wanted_json)


def _show_prompt(
    client: Client, run_id: str, step: int, tenant: str | None, *, as_json: bool
) -> None:
    seen: Any = client.get(f"/runs/{run_id}/prompt/{step}", tenant=tenant)
    from services.console.cli.transcript import transcript  # noqa: PLC0415 - slow

    show(seen, transcript(seen), as_json=as_json)


@app.command()
@ends_well
def watch(
    run_id: RunId, tenant: Tenant = None, output: Output = "text", as_json: AsJson = False
) -> None:
    """Follow a run until it ends: one line a fact (with --json, one object a line)."""
    import json  # noqa: PLC0415 - with the others

    from rich.console import Console  # noqa: PLC0415 - slow

    from services.console.cli.render import Timeline, facts_from  # noqa: PLC0415 - slow

    wanted_json = wants_json(output, as_json=as_json)
    console = Console(markup=False, highlight=False)
    lines = Timeline()
    for view in connect().events(f"/runs/{run_id}/events", tenant, SILENCE_SECONDS):
        if wanted_json:
            print(json.dumps(view), flush=True)
            continue
        for fact in facts_from([view]):
            console.print(lines.line(fact, console.width))
