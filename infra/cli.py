"""`interlock`: the operator's commands, and those that run the platform on this machine."""

import asyncio
import signal
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer

from infra.configuration.commands import app as configuration
from infra.evals.commands import app as evals
from infra.policies.commands import app as policies
from infra.policies.pinning import pin
from infra.tooling.commands import call_tool, hold_to_cases
from services.console.cli import app, tools
from services.console.cli.client import offer_kept_state
from services.console.cli.endpoint import Endpoint
from services.console.cli.output import AsJson, Output, wants_json

__all__ = ["app", "main"]

app.add_typer(evals, name="eval")
app.add_typer(configuration, name="config")
app.add_typer(policies, name="policy")
tools.app.command()(pin)
tools.app.command("call")(call_tool)
tools.app.command("test")(hold_to_cases)


@app.command()
def dev(
    durability: Annotated[
        str,
        typer.Option(
            envvar="INTERLOCK_DURABILITY",
            help="fast; durable: flush every write; or replicated: three nodes",
        ),
    ] = "fast",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the console; 0 takes any")
    ] = 8300,
    scenarios: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="What the simulator says: your *.yaml"),
    ] = None,
    real_providers: Annotated[
        bool,
        typer.Option(help="Call OpenAI, Anthropic and Google, by the keys in your environment"),
    ] = False,
) -> None:
    """Run the whole platform on this machine until Ctrl-C."""
    from infra.dev.terminal import run_dev  # noqa: PLC0415 - heavy imports stay in commands

    raise typer.Exit(asyncio.run(run_dev(durability, port, scenarios, real_providers)))


@app.command()
def doctor(
    only: Annotated[
        str, typer.Option(help="Groups to look at, with commas between: nats,keys")
    ] = "",
    everything: Annotated[
        bool, typer.Option("--all", help="Print every finding, also where all is well")
    ] = False,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Look at every part of the installation: what is wrong, why, and what to do."""
    from infra.doctor.report import report  # noqa: PLC0415 - as above

    groups = [name for one in only.split(",") if (name := one.strip())]
    json_wanted = wants_json(output, as_json=as_json)
    raise typer.Exit(asyncio.run(report(groups, everything=everything, as_json=json_wanted)))


def main() -> None:
    """What the console script runs."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    offer_kept_state(_kept_state)
    app()


def _kept_state() -> AbstractContextManager[Endpoint]:
    from infra.dev.kept import kept_endpoint  # noqa: PLC0415 - as above

    return kept_endpoint()


if __name__ == "__main__":
    main()
