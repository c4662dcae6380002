"""`interlock dlq`: what no service could use."""

from typing import Annotated, Any

import typer

from services.console.cli.client import connect
from services.console.cli.output import AsJson, Output, ends_well, moment, show, table, wants_json

app = typer.Typer(help="What no service could use, and why.", no_args_is_help=True)


@app.command("list")
@ends_well
def list_(
    limit: Annotated[int, typer.Option(min=1, help="How many at most")] = 20,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """List dead letters, the newest first."""
    found = connect().get("/dead-letters", limit=limit)
    columns = ("number", "when", "service", "rule", "subject", "reason")
    rows = (
        (
            one["number"],
            moment(one["stored_at"]),
            *(one[name] for name in ("service", "rule", "subject", "reason")),
        )
        for one in found
    )
    text = table(columns, rows) if found else "There are no dead letters."
    show(found, text, as_json=wants_json(output, as_json=as_json))


@app.command("show")
@ends_well
def show_(
    number: Annotated[int, typer.Argument(help="Its number in the list")],
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Show one dead letter, its headers and its body."""
    found: Any = connect().get(f"/dead-letters/{number}")
    rows = [(name, found[name]) for name in ("subject", "service", "rule", "reason")]
    rows.extend((name, value) for name, value in found["headers"].items())
    rows.append((f"body, {found['body_bytes']} bytes", found["body_text"]))
    show(
        found,
        table((f"dead letter {number}", ""), rows),
        as_json=wants_json(output, as_json=as_json),
    )
