"""`interlock dev` on a terminal: what starts, where it is, what crashed, and a clean end."""

import asyncio
import signal

from rich.console import Console

from infra.platform.child import ChildEvent, ExitedBySignal, ExitedWithCode, GaveUp, Restarted
from infra.platform.errors import PlatformError
from infra.platform.home import Home
from infra.platform.nats import Durability

from .platform import DevOptions, DevPlatform

FAILED = 1
USAGE = 2


async def run_dev(durability: str, port: int) -> int:
    """Run until SIGINT or SIGTERM; the exit code."""
    console = Console()
    try:
        mode = Durability(durability)
    except ValueError:
        console.print(f"[red]--durability {durability}[/]: choose fast or durable")
        return USAGE
    options = DevOptions(Home.from_environment(), durability=mode, console_port=port)
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
        console.print(f"[red]interlock dev:[/] {error}", soft_wrap=True)
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


def _welcome(console: Console, platform: DevPlatform) -> None:
    home = platform.options.home.path
    models = "the simulator" if platform.places.simulator_url else "real providers"
    console.print(f"\n[bold]Interlock[/] {platform.console_url}/api/docs")
    console.print(f"  log         {platform.places.nats_url}  ({platform.options.durability})")
    console.print(f"  models      {models}")
    console.print(f"  state       {home}")
    console.print(f"  logs        {home / 'logs'}")
    console.print("\nIn another terminal:")
    console.print('  uv run interlock submit support "Where is my parcel 1042?" --wait')
    console.print("Ctrl-C stops everything.\n")
