"""The operators' commands: `app`, to which the platform adds its own."""

from importlib.metadata import version as version_of

import typer

from services.console.cli import agents, cost, dead_letters, reviews, runs, submit
from services.console.cli.output import AsJson, Output, show, wants_json

__all__ = ["app"]

app = typer.Typer(
    name="interlock",
    help="Seven production layers for AI agents. Exit codes: 0 ok, 1 failed, 2 usage, "
    "3 not found, 4 conflict, 5 denied.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("submit")(submit.submit)
app.add_typer(runs.app, name="runs")
app.add_typer(reviews.app, name="reviews")
app.add_typer(cost.app, name="cost")
app.add_typer(agents.app, name="agents")
app.add_typer(dead_letters.app, name="dlq")


@app.command()
def version(
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Print the version."""
    found = version_of("interlock")
    show({"version": found}, found, as_json=wants_json(output, as_json=as_json))
