"""The operators' commands: `app`, to which the platform adds its own."""

from importlib.metadata import version as version_of
from typing import Annotated

import typer

from services.console.cli import agents, cost, dead_letters, reviews, runs, submit

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
    output: Annotated[str, typer.Option("-o", help="text, or json")] = "text",
    as_json: Annotated[bool, typer.Option("--json", help="As -o json")] = False,
) -> None:
    """Print the version."""
    from services.console.cli.output import show, wants_json  # noqa: PLC0415 - rich is slow

    found = version_of("interlock")
    show({"version": found}, found, as_json=wants_json(output, as_json=as_json))
