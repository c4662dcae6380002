"""`interlock schedules`: what is submitted by the clock."""

import typer

from services.console.cli import backfills
from services.console.cli.client import connect
from services.console.cli.output import AsJson, Output, ends_well, show, table, wants_json

app = typer.Typer(help="What is submitted by the clock.", no_args_is_help=True)
app.command("backfill")(backfills.backfill)


@app.callback()
def main() -> None:
    """What is submitted by the clock."""


@app.command("list")
@ends_well
def list_(output: Output = "text", as_json: AsJson = False) -> None:
    """List schedules. Their runs are named <schedule>-<minute in UTC>."""
    found = connect(reading=True).get("/schedules")
    columns = ("schedule", "cron", "zone", "overlap", "tenant", "agent", "input")
    rows = (
        (
            one["name"],
            one["cron"],
            one["time_zone"],
            one["overlap"],
            one["tenant"],
            one["agent"],
            one["input"],
        )
        for one in found
    )
    text = table(columns, rows) if found else "Nothing is scheduled; write schedules.yaml."
    show(found, text, as_json=wants_json(output, as_json=as_json))
