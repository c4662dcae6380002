"""`interlock agents`: what may be asked for."""

from difflib import unified_diff
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from contracts.agent import Agent
from services.console.cli.client import connect
from services.console.cli.output import AsJson, Output, ends_well, show, table, wants_json
from services.console.rules.widening import widened

STYLES = {"+": "green", "-": "red", "@": "cyan"}

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
    from services.console.cli.agent_files import as_yaml  # noqa: PLC0415 - brings YAML

    found: Any = connect().get(f"/agents/{name}")
    text = f"# version {found['version']}\n{as_yaml(found['definition'])}"
    show(found, text.rstrip(), as_json=wants_json(output, as_json=as_json))


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
    from services.console.cli.agent_files import as_yaml, written  # noqa: PLC0415 - brings YAML

    after, place = written(name, file)
    before = Agent.model_validate(connect(reading=True).get(f"/agents/{name}")["definition"])
    old, new = (as_yaml(one.model_dump(mode="json")).splitlines() for one in (before, after))
    names = f"the platform's, version {before.version}", f"{place}, version {after.version}"
    lines = list(unified_diff(old, new, *names, lineterm=""))
    more = widened(before, after)
    told = {"before": before.version, "after": after.version, "diff": lines, "widened": more}
    show(told, _differing(lines, more), as_json=wants_json(output, as_json=as_json))


def _differing(lines: list[str], more: tuple[str, ...]) -> Text:
    if not lines:
        return Text("They are the same.")
    told = Text("\n").join(Text(line, style=STYLES.get(line[0], "")) for line in lines)
    if more:
        told.append("\n\nWith it the agent is less bound:", style="bold")
        told.append("".join(f"\n  - {one}" for one in more))
    return told
