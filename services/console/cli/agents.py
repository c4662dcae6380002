"""`interlock agents`: what may be asked for."""

from typing import Annotated, Any

import typer

from services.console.cli.client import connect
from services.console.cli.output import AsJson, Output, ends_well, show, table, wants_json

app = typer.Typer(help="What may be asked for.", no_args_is_help=True)


@app.command("list")
@ends_well
def list_(output: Output = "text", as_json: AsJson = False) -> None:
    """List agents."""
    found = connect().get("/agents")
    columns = ("agent", "version", "model", "tools", "description")
    rows = (
        (one["name"], one["version"], one["model"], ", ".join(one["tools"]), one["description"])
        for one in found
    )
    show(found, table(columns, rows), as_json=wants_json(output, as_json=as_json))


@app.command("show")
@ends_well
def show_(
    name: Annotated[str, typer.Argument(help="Name of the agent")],
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Show one agent, with every default filled in."""
    found: Any = connect().get(f"/agents/{name}")
    import yaml  # noqa: PLC0415 - only here

    text = f"# version {found['version']}\n" + yaml.safe_dump(
        found["definition"], sort_keys=False, allow_unicode=True
    )
    show(found, text.rstrip(), as_json=wants_json(output, as_json=as_json))
