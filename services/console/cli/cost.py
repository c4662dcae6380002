"""`interlock cost`: where the money went."""

from typing import Annotated

import typer

from services.console.cli.client import connect
from services.console.cli.output import (
    AsJson,
    Output,
    Tenant,
    ends_well,
    show,
    table,
    wants_json,
)
from services.console.rules.words.amounts import usd

app = typer.Typer(help="Where the money went.", no_args_is_help=True)


@app.callback()
def cost() -> None:
    """Where the money went."""


@app.command()
@ends_well
def report(
    by: Annotated[
        str, typer.Option(help="Of tenant,customer,feature,agent,provider,model,run")
    ] = "agent",
    tenant: Tenant = None,
    limit: Annotated[int, typer.Option(min=1, help="How many lines at most")] = 50,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Report cost by one or more dimensions, the most expensive first."""
    found = connect(reading=True).get("/cost", by=by, tenant=tenant, limit=limit)
    money = ("cost", "held", "liability")
    columns = (*found["by"], "runs", "attempts", *money)
    rows = (
        (
            *(line[name] or "-" for name in found["by"]),
            *(line.get(name, "-") for name in ("runs", "attempts")),
            *(usd(line.get(f"{name}_micro_usd") or 0) for name in money),
        )
        for line in found["lines"]
    )
    text = table(columns, rows, numbers="runs attempts cost held liability")
    text.caption = f"total {usd(found['total_micro_usd'])}"
    show(found, text, as_json=wants_json(output, as_json=as_json))
