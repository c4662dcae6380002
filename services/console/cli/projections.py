"""`interlock projections`: how late lists are, and their rows built again from the log."""

import time
from typing import Annotated, Any

import typer

from services.console.cli.client import Client, connect
from services.console.cli.errors import CommandFailed
from services.console.cli.output import AsJson, Output, ends_well, moment, show, wants_json

app = typer.Typer(help="The rows that lists are answered from.", no_args_is_help=True)
LOOK_SECONDS = 0.5
# Nobody works on it: the observer is away, or has not come to it.
PATIENCE_SECONDS = 60.0


@app.command("show")
@ends_well
def show_(output: Output = "text", as_json: AsJson = False) -> None:
    """Show how far lists are behind the log, and the newest rebuild."""
    found = connect(reading=True).get("/projections")
    text = f"Lists are {_lag(found)}.\n{_last(found['rebuild'])}"
    show(found, text, as_json=wants_json(output, as_json=as_json))


@app.command()
@ends_well
def rebuild(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask")] = False,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Build the rows of every run again, from the log and the archive; lists stay as they are.

    It may be stopped here at any time: the observer goes on with it.
    """
    if not yes:
        typer.confirm("Build the rows of every run again?", abort=True, err=True)
    client, wanted_json = connect(), wants_json(output, as_json=as_json)
    number = client.post("/projections/rebuild", {})["number"]
    ended = _followed(client, number, quiet=wanted_json)
    if ended["state"] != "done":
        raise CommandFailed(f"Rebuild {number} failed: {ended['reason']}.", "order it again")
    show(ended, _last(ended), as_json=wanted_json)


def _followed(client: Client, number: int, *, quiet: bool) -> Any:
    """The rebuild at its end.

    Raises:
        CommandFailed: for a long time nobody has worked on it.
    """
    from rich.console import Console  # noqa: PLC0415 - slow to import
    from rich.progress import Progress  # noqa: PLC0415 - as above

    last, moved_at = None, time.monotonic()
    with Progress(console=Console(stderr=True), disable=quiet, transient=True) as progress:
        task = progress.add_task("reading the log", total=None)
        while True:
            found = client.get("/projections")["rebuild"]
            if found["number"] != number or found["state"] in ("done", "failed"):
                return found
            progress.update(task, completed=found["position"], total=found["until"] or None)
            if found != last:
                last, moved_at = found, time.monotonic()
            elif time.monotonic() - moved_at > PATIENCE_SECONDS:
                what = f"Nobody has worked on rebuild {number} for {PATIENCE_SECONDS:.0f} s."
                raise CommandFailed(what, "is the observer running? it goes on when it is")
            time.sleep(LOOK_SECONDS)


def _lag(found: Any) -> str:
    if not found["lag_facts"]:
        return "up to date"
    return f"{found['lag_facts']} facts behind the log, {found['lag_seconds']:.1f} s"


def _last(rebuild_: Any) -> str:
    if rebuild_ is None:
        return "They were never rebuilt."
    told = (
        f"Rebuild {rebuild_['number']} ({rebuild_['state']}, {rebuild_['asked_by']}, "
        f"{moment(rebuild_['asked_at'])}): {rebuild_['rebuilt']} runs, "
        f"{rebuild_['differed']} of them had other rows before, {rebuild_['removed']} rows removed."
    )
    return f"{told}\n{rebuild_['reason']}" if rebuild_["reason"] else told
