"""`interlock agents`: what may be asked for."""

from pathlib import Path
from typing import Annotated, Any

import typer

from contracts.agent import Agent
from services.console.cli import releases
from services.console.cli.client import connect
from services.console.cli.output import AsJson, Output, ends_well, show, table, wants_json
from services.console.cli.radius import worst

app = typer.Typer(help="What may be asked for.", no_args_is_help=True)


@app.command("list")
@ends_well
def list_(output: Output = "text", as_json: AsJson = False) -> None:
    """List agents."""
    found = connect().get("/agents")
    columns = ("agent", "version", "labels", "model", "tools", "description")
    rows = (
        (
            *(one["name"], one["version"]),
            ", ".join(f"{label} {version}" for label, version in one["labels"].items()),
            *(one["model"], ", ".join(one["tools"]), one["description"]),
        )
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
    from services.console.cli.agent_files import as_yaml  # noqa: PLC0415 - brings YAML

    found: Any = connect().get(f"/agents/{name}")
    text = f"# version {found['version']}\n{as_yaml(found['definition'])}"
    json_wanted = wants_json(output, as_json=as_json)
    show(found, text.rstrip(), as_json=json_wanted)
    if not json_wanted:
        show(found, worst(found.get("radius")), as_json=False)


@app.command("diff")
@ends_well
def diff(
    name: Annotated[str, typer.Argument(help="Name of the agent")],
    file: Annotated[
        Path | None, typer.Argument(help="Its new YAML; else agents/ of INTERLOCK_CONFIG_DIR")
    ] = None,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Show how an agent in a file differs from the platform's, and how it is less bound."""
    from services.console.cli.agent_diff import Difference  # noqa: PLC0415 - brings YAML
    from services.console.cli.agent_files import written  # noqa: PLC0415 - brings YAML

    after, place = written(name, file)
    before = Agent.model_validate(connect(reading=True).get(f"/agents/{name}")["definition"])
    found = Difference.of(before, after, ("the platform's", str(place)))
    told = {
        "before": found.before,
        "after": found.after,
        "diff": found.lines,
        "widened": found.widened,
    }
    show(told, found, as_json=wants_json(output, as_json=as_json))


releases.add_to(app)
