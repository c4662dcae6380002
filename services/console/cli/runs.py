"""`interlock runs`: show, watch. Lists are in `run_lists`, what changes a run in `control`."""

from typing import Annotated, Any

import typer

from services.console.cli.client import Client, connect
from services.console.cli.errors import USAGE, CommandFailed
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
    step: Annotated[
        int | None, typer.Option(min=1, help="The record of a step: what it saw, decided, and why")
    ] = None,
    prompt: Annotated[int | None, typer.Option(min=1, help="What the model saw at a step")] = None,
    why: Annotated[bool, typer.Option("--why", help="Why it ended as it did")] = False,
    tenant: Tenant = None,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Show one run as a timeline: every fact, who said it, and what it means."""
    wanted_json = wants_json(output, as_json=as_json)
    if sum((step is not None, prompt is not None, why)) > 1:
        raise CommandFailed("--step, --prompt and --why each ask for a screen.", "give one", USAGE)
    client = connect(reading=True)
    if prompt is not None:
        _show_prompt(client, run_id, prompt, tenant, as_json=wanted_json)
    elif step is not None:
        _show_step(client, run_id, step, tenant, as_json=wanted_json)
    elif why:
        _show_why(client, run_id, tenant, as_json=wanted_json)
    else:
        _show_timeline(client, run_id, tenant, as_json=wanted_json)


def _show_timeline(client: Client, run_id: str, tenant: str | None, *, as_json: bool) -> None:
    facts = client.get(f"/runs/{run_id}/facts", tenant=tenant)
    from services.console.cli.render import facts_from, timeline  # noqa: PLC0415 - slow

    show(facts, timeline(facts_from(facts)), as_json=as_json)


def _show_prompt(
    client: Client, run_id: str, step: int, tenant: str | None, *, as_json: bool
) -> None:
    seen: Any = client.get(f"/runs/{run_id}/prompt/{step}", tenant=tenant)
    from services.console.cli.transcript import transcript  # noqa: PLC0415 - slow

    show(seen, transcript(seen), as_json=as_json)
    if not seen["matches"]:
        raise CommandFailed(
            f"This is not what the model saw at step {step}: its digest is another than"
            " the one that was recorded.",
            "hold a recorded run against this release: see docs/recipes/upgrade_safely.md",
        )


def _show_step(
    client: Client, run_id: str, step: int, tenant: str | None, *, as_json: bool
) -> None:
    found = client.get(f"/runs/{run_id}/steps/{step}/record", tenant=tenant)
    from services.console.cli.step_screen import StepScreen  # noqa: PLC0415 - slow
    from services.console.rules.record import StepRecord  # noqa: PLC0415 - as above

    show(found, StepScreen(StepRecord.model_validate(found)), as_json=as_json)


def _show_why(client: Client, run_id: str, tenant: str | None, *, as_json: bool) -> None:
    found = client.get(f"/runs/{run_id}/why", tenant=tenant)
    from services.console.cli.why_screen import WhyScreen  # noqa: PLC0415 - slow
    from services.console.rules.record import Why  # noqa: PLC0415 - as above

    show(found, WhyScreen(Why.model_validate(found)), as_json=as_json)


@app.command()
@ends_well
def watch(
    run_id: RunId, tenant: Tenant = None, output: Output = "text", as_json: AsJson = False
) -> None:
    """Follow a run until it ends: one line a fact (with --json, one object a line).

    A lost connection is made again, and goes on where it broke. Ctrl-C leaves the run alone.
    """
    from services.console.cli.watching import Watch  # noqa: PLC0415 - slow

    Watch(run_id, tenant, as_json=wants_json(output, as_json=as_json)).follow()
