"""`interlock audit`: what people did by HTTP that nothing else tells."""

from typing import Annotated

import typer

from services.console.cli.client import connect
from services.console.cli.output import AsJson, Output, ends_well, moment, show, table, wants_json

app = typer.Typer(help="What people did: keys, erasures, imports, discards.", no_args_is_help=True)


@app.callback()
def main() -> None:
    """What people did: keys, erasures, imports, discards."""


@app.command("list")
@ends_well
def list_(
    tenant: Annotated[str | None, typer.Option(help="Of one tenant")] = None,
    limit: Annotated[int, typer.Option(help="How many at most", min=1)] = 50,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """List deeds, the newest first: who, by which key, when, what and why."""
    found = connect(reading=True).get("/audit", tenant=tenant, limit=limit)
    columns = ("at", "by", "key", "what", "about", "reason")
    rows = (
        (
            *(moment(one["at"]), one["principal"], one["by_key"] or "-", one["deed"]),
            *(", ".join(f"{name} {value}" for name, value in one["about"].items()), one["reason"]),
        )
        for one in found
    )
    text = table(columns, rows, whole="at what") if found else "Nobody did anything of this kind."
    show(found, text, as_json=wants_json(output, as_json=as_json))
