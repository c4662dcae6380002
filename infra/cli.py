"""`interlock`: the operator's commands, and those that run the platform on this machine."""

import asyncio
import signal
from typing import Annotated

import typer

from services.console.cli import app

__all__ = ["app", "main"]


@app.command()
def dev(
    durability: Annotated[str, typer.Option(help="fast, or durable: flush every write")] = "fast",
    port: Annotated[int, typer.Option(help="Port of the console; 0 takes any")] = 8300,
) -> None:
    """Run the whole platform on this machine until Ctrl-C."""
    from infra.dev.terminal import run_dev  # noqa: PLC0415 - heavy imports stay in commands

    raise typer.Exit(asyncio.run(run_dev(durability, port)))


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Look at this machine: what is missing, and how to get it."""
    from infra.dev.doctor import report  # noqa: PLC0415 - as above

    raise typer.Exit(asyncio.run(report(as_json=as_json)))


def main() -> None:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    app()


if __name__ == "__main__":
    main()
