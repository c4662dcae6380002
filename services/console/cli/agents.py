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
    text = f"# version {found['version']}\n{_as_yaml(found['definition'])}"
    show(found, text.rstrip(), as_json=wants_json(output, as_json=as_json))


def _as_yaml(definition: Any) -> str:
    """As people write it: a text of several lines is a block."""
    import yaml  # noqa: PLC0415 - only here

    class Dumper(yaml.SafeDumper):
        pass

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        style = "|" if "\n" in value else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    return yaml.dump(definition, Dumper=Dumper, sort_keys=False, allow_unicode=True)
