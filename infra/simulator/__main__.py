"""`python -m infra.simulator`: run until SIGTERM or Ctrl-C, after one line with the URL."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from infra.simulator.errors import SimulatorError
from infra.simulator.library import SHIPPED_SCENARIOS
from infra.simulator.server import running_simulator


def main() -> int:
    """0 after a clean stop, 2 when the arguments or the scenarios are wrong."""
    options = _parser().parse_args()
    try:
        asyncio.run(_run(options))
    except SimulatorError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


async def _run(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    running = running_simulator(
        options.scenarios, options.seed, host=options.host, port=options.port
    )
    async with running as url:
        print(f"simulator: {url}", flush=True)
        await stop.wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 finds a free one")
    parser.add_argument("--scenarios", type=Path, default=SHIPPED_SCENARIOS, metavar="DIR")
    parser.add_argument("--seed", type=int, default=0)
    return parser


if __name__ == "__main__":
    sys.exit(main())
