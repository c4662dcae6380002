"""The operators' commands: `app`, to which the platform adds its own."""

from importlib.metadata import version as version_of

import typer

from services.console.cli import (
    agents,
    audit,
    batch,
    control,
    cost,
    dead_letters,
    erasures,
    keys,
    labels,
    lineage,
    projections,
    reviews,
    run_lists,
    runs,
    schedules,
    submit,
    tools,
    traces,
)
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
app.command("submit-batch")(batch.submit_batch)
run_lists.add_to(runs.app)
control.add_to(runs.app)
labels.add_to(runs.app)
lineage.add_to(runs.app)
erasures.add_to(runs.app)
app.add_typer(runs.app, name="runs")
app.add_typer(traces.app, name="traces")
app.add_typer(projections.app, name="projections")
app.add_typer(erasures.erasures, name="erasures")
app.add_typer(erasures.people, name="people")
app.add_typer(keys.app, name="keys")
app.add_typer(audit.app, name="audit")
app.add_typer(reviews.app, name="reviews")
app.add_typer(cost.app, name="cost")
app.add_typer(agents.app, name="agents")
app.add_typer(schedules.app, name="schedules")
app.add_typer(dead_letters.app, name="dlq")
app.add_typer(tools.app, name="tools")


@app.command()
def version(
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Print the version."""
    found = version_of("interlock")
    show({"version": found}, found, as_json=wants_json(output, as_json=as_json))
