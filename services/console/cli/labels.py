"""`interlock runs label`: what a person says of a run, by one metric that it was scored by."""

from typing import Annotated, Any

import typer

from services.console.cli.client import Client, connect
from services.console.cli.errors import USAGE, CommandFailed
from services.console.cli.output import AsJson, Output, Tenant, ends_well, show, wants_json

VERDICTS = {"pass": True, "fail": False}


def add_to(app: typer.Typer) -> None:
    """Put the command beside those that look."""
    app.command()(label)


@ends_well
def label(
    run_id: Annotated[str, typer.Argument(help="The id of the run")],
    metric: Annotated[str, typer.Argument(help="One that it was scored by")],
    verdict: Annotated[str, typer.Argument(metavar="pass|fail", help="Whether it passes that")],
    reason: Annotated[str, typer.Option(help="Why, for the record")] = "",
    as_: Annotated[
        str | None, typer.Option("--as", help="Say it as this one of the people of this machine")
    ] = None,
    tenant: Tenant = None,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Label a run: judges are held against it. Saying it again changes it."""
    if verdict not in VERDICTS:
        raise CommandFailed(f"{verdict!r} is no label.", "say pass or fail", USAGE)
    client = connect(principal=as_)
    answer = give_label(client, run_id, metric, tenant, passed=VERDICTS[verdict], reason=reason)
    line = f"{run_id}  {metric}: {verdict}, says {answer['principal']}"
    show(answer, line, as_json=wants_json(output, as_json=as_json))


def give_label(
    client: Client,
    run_id: str,
    metric: str,
    tenant: str | None,
    *,
    passed: bool,
    reason: str = "",
) -> Any:
    """The label as the platform keeps it.

    Raises:
        CommandFailed: it refuses it.
    """
    body = {"metric": metric, "passed": passed, "reason": reason}
    return client.post(f"/runs/{run_id}/labels", body, tenant=tenant)
