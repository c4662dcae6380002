"""A real nats-server on a free port, for one test or one module."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from infra.platform.nats import find_nats_server
from infra.platform.ports import LOOPBACK, choose_port

READY_SECONDS = 10.0
POLL_SECONDS = 0.05


@asynccontextmanager
async def nats_server(folder: Path, authorization: str = "") -> AsyncIterator[str]:
    """Its URL; the server is stopped at the end."""
    port = choose_port()
    config = folder / "nats.conf"
    store = f'jetstream {{\n  store_dir: "{folder}"\n}}\n'
    config.write_text(f'listen: "{LOOPBACK}:{port}"\n{store}{authorization}')
    process = _start(config, folder / "nats.log")
    try:
        async with asyncio.timeout(READY_SECONDS):
            await _listening(port)
        yield f"nats://{LOOPBACK}:{port}"
    finally:
        process.terminate()
        process.wait(timeout=READY_SECONDS)


def _start(config: Path, log_file: Path) -> subprocess.Popen[bytes]:
    with log_file.open("wb") as log:
        command = [str(find_nats_server()), "--config", str(config)]
        return subprocess.Popen(command, stdout=log, stderr=log)


async def _listening(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection(LOOPBACK, port)
        except OSError:
            await asyncio.sleep(POLL_SECONDS)
        else:
            writer.close()
            await writer.wait_closed()
            return
