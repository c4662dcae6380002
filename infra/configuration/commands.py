"""`interlock config`: the configuration folder, checked, told by its versions, and rendered."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from services.console.cli.errors import USAGE, CommandFailed
from services.console.cli.output import AsJson, Output, ends_well, show, table, wants_json

app = typer.Typer(help="The configuration folder", no_args_is_help=True)

Folder = Annotated[
    Path, typer.Argument(envvar="INTERLOCK_CONFIG_DIR", help="Its folder, with agents/ in it")
]


@app.command()
@ends_well
def render(
    out: Annotated[Path, typer.Option("-o", "--output", help="The folder to make, or make again")],
    overlay: Annotated[str | None, typer.Option(help="One of its overlays/; else none")] = None,
    base: Folder = Path("infra/config"),
) -> None:
    """Lay an overlay over the folder: one configuration for dev, staging or prod."""
    from infra.configuration.rendering import (  # noqa: PLC0415 - heavy imports stay in commands
        RenderFailed,
        render,
    )
    from shared.versions import versions_of  # noqa: PLC0415 - likewise

    try:
        render(base, overlay, out)
    except RenderFailed as error:
        raise CommandFailed(str(error), "correct it, and render again", USAGE) from None
    typer.echo(f"{out}: version {versions_of(out).whole}; start with INTERLOCK_CONFIG_DIR={out}")


@app.command("show")
@ends_well
def show_(
    folder: Folder = Path("infra/config"),
    manifests: Annotated[
        Path | None,
        typer.Option(envvar="INTERLOCK_TOOL_MANIFESTS", help="tools.lock.json of the platform"),
    ] = None,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Read the folder as the platform would, and tell the version of each part."""
    from infra.dev.configuration import check_configuration  # noqa: PLC0415 - as above
    from shared.errors import ConfigError  # noqa: PLC0415 - as above
    from shared.versions import versions_of  # noqa: PLC0415 - as above

    try:
        check_configuration(folder)
        found = versions_of(folder, manifests)
    except (ConfigError, OSError) as error:
        raise CommandFailed(str(error), "correct it", USAGE) from None
    rows = [
        *(("agent", name, version) for name, version in found.agents.items()),
        *((name, "", version) for name, version in found.parts.items()),
        ("all of it", "", found.whole),
    ]
    told = {"folder": str(folder), **asdict(found)}
    show(told, table(("part", "", "version"), rows), as_json=wants_json(output, as_json=as_json))
