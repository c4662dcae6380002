"""`interlock dev` on a terminal: what starts, where it is, what crashed, and a clean end."""

import asyncio
import os
import signal
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from infra.platform.child import ChildEvent, ExitedBySignal, ExitedWithCode, GaveUp, Restarted
from infra.platform.errors import PlatformError
from infra.platform.home import HOME_VARIABLE, Home
from infra.platform.nats import Durability
from shared.errors import ConfigError

from .assembly import PROVIDER_KEYS
from .configuration import check_configuration, chosen_folder
from .platform import DevOptions, DevPlatform

FAILED = 1
USAGE = 2


async def run_dev(durability: str, port: int, scenarios: Path | None, real_providers: bool) -> int:
    """Run until SIGINT or SIGTERM; the exit code."""
    console = Console()
    try:
        mode = Durability(durability)
    except ValueError:
        console.print(f"[red]--durability {durability}[/]: choose {', '.join(Durability)}")
        return USAGE
    options = replace(_options(mode, port, scenarios), real_providers=real_providers)
    if real_providers and not any(name in os.environ for name in PROVIDER_KEYS):
        console.print(f"[red]--real-providers[/]: set one of {', '.join(PROVIDER_KEYS)}")
        return USAGE
    try:
        check_configuration(options.config_dir)
    except ConfigError as error:
        console.print(f"[red]interlock dev:[/] {escape(str(error))}", soft_wrap=True)
        return USAGE
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    def tell(sentence: str) -> None:
        console.print(f"[dim]·[/] {sentence}")

    def on_event(event: ChildEvent) -> None:
        if (sentence := describe(event)) is not None:
            console.print(sentence)

    try:
        async with DevPlatform.running(options, tell, on_event) as platform:
            _welcome(console, platform)
            await stop.wait()
            console.print("[dim]·[/] stopping; unfinished runs resume at the next start")
    except PlatformError as error:
        console.print(f"[red]interlock dev:[/] {escape(str(error))}", soft_wrap=True)
        return FAILED
    console.print("stopped")
    return 0


def describe(event: ChildEvent) -> str | None:
    """One line for what a person should know; None for the ordinary."""
    match event:
        case ExitedWithCode(asked=False):
            return f"[yellow]{event.name}[/] ended with code {event.code}"
        case ExitedBySignal(asked=False):
            return f"[yellow]{event.name}[/] was ended by signal {event.signal}"
        case Restarted():
            return f"[green]{event.name}[/] is back as process {event.pid}"
        case GaveUp():
            return f"[red]{event.name}[/] stays down: {event.reason}"
        case _:
            return None


def _options(mode: Durability, port: int, scenarios: Path | None) -> DevOptions:
    """Folders that are named win; absolute, because the services run in another folder."""
    plain = DevOptions(Home.from_environment(), durability=mode, console_port=port)
    return replace(
        plain,
        config_dir=chosen_folder(plain.config_dir),
        scenarios=(scenarios or plain.scenarios).resolve(),
    )


def _welcome(console: Console, platform: DevPlatform) -> None:
    home = platform.options.home.path
    models = "the simulator" if platform.places.simulator_url else "real providers"
    console.print(f"\n[bold]Interlock[/] {platform.console_url}")
    console.print(f"  sign in     with a token of {platform.places.tokens_file}", soft_wrap=True)
    console.print(f"  API         {platform.console_url}/api/docs")
    console.print(f"  log         {platform.places.nats_url}  ({platform.options.durability})")
    console.print(f"  models      {models}")
    console.print(f"  state       {home}")
    console.print(f"  logs        {home / 'logs'}")
    console.print("\nIn another terminal:")
    where = f"{HOME_VARIABLE}={home} " if HOME_VARIABLE in os.environ else ""
    command = f'{where}.venv/bin/interlock submit support "Where is my parcel 1042?" --wait'
    console.print(f"  {command}", soft_wrap=True)
    console.print("Ctrl-C stops everything.\n")
