"""The simulator as a running server: in this process, on a port of its own."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import uvicorn

from infra.simulator.app import build_app
from infra.simulator.errors import SimulatorError
from infra.simulator.library import SHIPPED_SCENARIOS, load_scenarios
from infra.simulator.scenario import Scenario
from infra.simulator.settings import SimulatorSettings

POLL_SECONDS = 0.01


@contextlib.asynccontextmanager
async def running_simulator(
    scenarios: Path | Sequence[Scenario] = SHIPPED_SCENARIOS,
    seed: int = 0,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    settings: SimulatorSettings | None = None,
) -> AsyncIterator[str]:
    """Run the simulator; the URL is `http://host:port`, a free port when none is asked for.

    The base URLs for the SDKs are `{url}/openai/v1` and `{url}/anthropic`.
    """
    loaded = load_scenarios(scenarios) if isinstance(scenarios, Path) else scenarios
    settings = settings or SimulatorSettings(seed=seed)
    server = _Server(_config(build_app(loaded, settings), settings))
    with _bound(host, port) as listening:
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            await _started(server, serving, settings.startup_seconds)
            yield f"http://{host}:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


class _Server(uvicorn.Server):
    """A server that leaves the signals of the process to whoever started it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _config(app: object, settings: SimulatorSettings) -> uvicorn.Config:
    # Hung and cut answers are what the simulator is for; uvicorn would report each as an error.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    return uvicorn.Config(
        app,  # type: ignore[arg-type]  # uvicorn spells the ASGI types its own way
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise SimulatorError(f"cannot listen on {host}:{port}: {error}; try port 0") from error
    return listening


async def _started(server: uvicorn.Server, serving: asyncio.Task[None], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while not server.started:
            if serving.done():
                raise SimulatorError(f"the server ended at its start: {serving.exception()}")
            await asyncio.sleep(POLL_SECONDS)
