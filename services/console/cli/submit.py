"""`interlock submit`: a task becomes a run; with --wait, its outcome."""

import time
from typing import Annotated, Any

import typer

from services.console.cli.client import SILENCE_SECONDS, Client, connect
from services.console.cli.errors import FAILED, CommandFailed
from services.console.cli.output import AsJson, Output, ends_well, show, wants_json


@ends_well
def submit(  # noqa: PLR0913, PLR0917 - typer reads one option from each
    agent: Annotated[str, typer.Argument(help="Name of the agent")],
    text: Annotated[str, typer.Argument(help="What it is asked")],
    tenant: Annotated[str | None, typer.Option(help="Whose run it is")] = None,
    customer: Annotated[str | None, typer.Option(help="Who pays, for the cost report")] = None,
    feature: Annotated[str | None, typer.Option(help="What for, for the cost report")] = None,
    label: Annotated[
        str | None, typer.Option(help="The release to run: staging, or production without a lot")
    ] = None,
    budget_usd: Annotated[str | None, typer.Option(help="Ceiling of this run in dollars")] = None,
    plan: Annotated[
        str | None,
        typer.Option(help="Tools it needs, and how often: find_order=1,send_email=2"),
    ] = None,
    run_id: Annotated[str | None, typer.Option(help="Your name for it; twice is once")] = None,
    continues: Annotated[
        str | None, typer.Option(help="The run whose conversation goes on; it has ended")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Until it has ended")] = False,
    timeout_seconds: Annotated[float, typer.Option("--timeout", help="Longest wait")] = 900.0,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Submit a task."""
    as_json = wants_json(output, as_json=as_json)
    asked = {
        "agent": agent,
        "input": text,
        "tenant": tenant,
        "customer": customer,
        "feature": feature,
        "label": label,
        "plan": planned(plan) if plan is not None else None,
        "run_id": run_id,
        "continues": continues,
        "limits": {"budget_usd": budget_usd} if budget_usd else None,
    }
    client = connect()
    accepted = client.post("/tasks", {name: one for name, one in asked.items() if one is not None})
    tell_accepted(client, accepted, timeout_seconds if wait else None, as_json=as_json)


def planned(text: str) -> dict[str, int]:
    """A plan as it is typed."""
    found: dict[str, int] = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        tool, _, calls = part.partition("=")
        if not tool or not calls.isdecimal():
            raise typer.BadParameter(f"{part!r}: write tool=calls", param_hint="--plan")
        found[tool] = int(calls)
    return found


def tell_accepted(
    client: Client, accepted: Any, wait_seconds: float | None, *, as_json: bool
) -> None:
    """Name the new run; or, where it is waited for, tell its outcome, and exit by that."""
    if wait_seconds is None:
        show(accepted, f"{accepted['run_id']}  {accepted['status']}", as_json=as_json)
        return
    run = _wait(client, accepted, wait_seconds, quiet=as_json)
    show(run, outcome(run), as_json=as_json)
    if run["status"] != "completed":
        raise typer.Exit(FAILED)


def _wait(client: Client, accepted: Any, timeout_seconds: float, *, quiet: bool) -> Any:
    run_id, tenant = accepted["run_id"], accepted["tenant"]
    if not quiet:
        typer.echo(f"{run_id}  waiting for its end; Ctrl-C leaves it running", err=True)
    ends_at = time.monotonic() + timeout_seconds
    for fact in client.events(f"/runs/{run_id}/events", tenant, SILENCE_SECONDS):
        if fact["type"] == "review.requested" and not quiet:
            _tell_of_review(run_id, fact["body"])
        if time.monotonic() > ends_at:
            raise CommandFailed(
                f"{run_id} did not end within {timeout_seconds:.0f} s.",
                f"it goes on; look with: interlock runs watch {run_id}",
            )
    return client.get(f"/runs/{run_id}", tenant=tenant)


def _tell_of_review(run_id: str, asked: Any) -> None:
    name = f"{run_id}.{asked['review_id']}"
    typer.echo(f"It waits for a person ({', '.join(asked['roles'])}): {asked['reason']}", err=True)
    typer.echo(f"  interlock reviews approve {name}   or   reject {name}", err=True)


def outcome(run: Any) -> str:
    """One line of how a run stands, or its answer."""
    if run["status"] == "completed":
        return str(run["answer"])
    return f"{run['run_id']}  {run['status']}  {run['why']}"
