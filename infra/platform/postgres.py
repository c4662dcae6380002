"""The embedded PostgreSQL: a cluster made on first start, reached by a unix socket alone.

Only the operating system's user who started it may connect (peer authentication), so there is no
password to keep. The server is an ordinary supervised child.
"""

import asyncio
import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from signal import SIGINT, SIGQUIT
from urllib.parse import quote

import asyncpg

from infra.migrations.grants import SERVICE_ROLES
from infra.platform.child import Child
from infra.platform.errors import PostgresUnusable
from infra.platform.home import Home
from infra.platform.postgres_account import (
    PROGRAM_CACHE,
    account_for_postgres,
    find_postgres,
    reachable_installation,
)
from infra.platform.postgres_cluster import ROLE, SUPERUSER, TOOLS_ROLE, Cluster, environment
from infra.platform.processes import Supervisor
from infra.platform.readiness import wait_ready

DATABASE = "interlock"
ROLE_EXISTS = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)"
DATABASE_EXISTS = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)"
# Names the socket file; nothing listens on TCP, so it need not be free.
SOCKET_PORT = 5432
# 108 bytes on Linux, 104 on a mac, with the closing zero.
SOCKET_PATH_LIMIT_BYTES = 103
READY_TIMEOUT_SECONDS = 60.0
CONNECT_TIMEOUT_SECONDS = 2.0
GRACE_SECONDS = 20.0

# Sizes for a laptop; whatever decides what survives a crash keeps PostgreSQL's safe default.
SETTINGS = {
    "listen_addresses": "",
    "port": str(SOCKET_PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "work_mem": "4MB",
    "maintenance_work_mem": "32MB",
    "max_wal_size": "256MB",
    "fsync": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_duration_statement": "1000",
}


class Postgres:
    """One PostgreSQL server with our roles and our database, its cluster in the home."""

    def __init__(self, home: Home, *, installation: Path | None = None) -> None:
        self._home = home
        self._account = account_for_postgres()
        self._installation = installation or find_postgres()
        self._sockets = _socket_folder(home, private_to_us=self._account is None)

    @property
    def dsn(self) -> str:
        """Of the role that owns every table; for asyncpg and whatever else speaks libpq's URLs."""
        return self._dsn_of(ROLE)

    @property
    def tools_dsn(self) -> str:
        """The same for tools, whose role sees no table of the platform."""
        return self._dsn_of(TOOLS_ROLE)

    async def start(self, supervisor: Supervisor) -> None:
        """Make the cluster if there is none, start the server, return when the database is there.

        Raises PostgresUnusable or NotReady. The supervisor restarts and stops the server.
        """
        programs = await asyncio.to_thread(
            reachable_installation, self._installation, self._account, cache=PROGRAM_CACHE
        )
        self._make_socket_folder()
        cluster = Cluster(self._home, programs / "bin", self._account)
        await cluster.prepare()
        child = self._child(cluster)
        await supervisor.start(child)
        await wait_ready(
            supervisor,
            child,
            self._ensure_database,
            timeout_seconds=READY_TIMEOUT_SECONDS,
            transient=(OSError, asyncpg.PostgresError, asyncpg.InterfaceError),
        )

    def tidy(self) -> None:
        """Remove the socket's folder in the temporary one; call it when the server has ended."""
        if self._sockets != self._home.run:
            shutil.rmtree(self._sockets, ignore_errors=True)

    def _dsn_of(self, role: str) -> str:
        host = quote(str(self._sockets), safe="/")
        return f"postgresql://{role}@/{DATABASE}?host={host}&port={SOCKET_PORT}"

    def _child(self, cluster: Cluster) -> Child:
        settings = {**SETTINGS, "unix_socket_directories": str(self._sockets)}
        flags = (part for key, value in settings.items() for part in ("-c", f"{key}={value}"))
        return Child(
            name="postgres",
            argv=(str(cluster.programs / "postgres"), "-D", cluster.argument, *flags),
            env=environment(),
            cwd=cluster.folder,
            log_file=self._home.logs / "postgres.log",
            # Fast shutdown: clients are cut off, the cluster is closed properly.
            stop_signal=SIGINT,
            # Immediate shutdown: the server takes its own children with it.
            orphan_signal=SIGQUIT,
            grace_seconds=GRACE_SECONDS,
            account=self._account,
        )

    @property
    def _owner(self) -> int:
        return self._account.uid if self._account else os.geteuid()

    def _make_socket_folder(self) -> None:
        folder, owner = self._sockets, self._owner
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            pass
        else:
            os.chown(folder, owner, -1)
        found = folder.lstat()
        # In a folder where everybody may create, somebody else could have been there first.
        if folder.is_symlink() or not folder.is_dir() or found.st_uid != owner:
            raise PostgresUnusable(
                f"{folder} should be a folder of user id {owner} for PostgreSQL's socket, and is "
                "something else; remove it and start again"
            )

    async def _ensure_database(self) -> None:
        connection = await asyncpg.connect(
            host=str(self._sockets),
            port=SOCKET_PORT,
            user=SUPERUSER,
            database=SUPERUSER,
            timeout=CONNECT_TIMEOUT_SECONDS,
        )
        try:
            for role in (ROLE, TOOLS_ROLE, *SERVICE_ROLES.values()):
                if not await connection.fetchval(ROLE_EXISTS, role):
                    await connection.execute(f"CREATE ROLE {role} LOGIN")
            if not await connection.fetchval(DATABASE_EXISTS, DATABASE):
                await connection.execute(f"CREATE DATABASE {DATABASE} OWNER {ROLE}")
        finally:
            await connection.close(timeout=CONNECT_TIMEOUT_SECONDS)


def _socket_folder(home: Home, *, private_to_us: bool) -> Path:
    """The home's `run` if its path is short enough; else one in the temporary folder.

    Also there if the server runs under another account, which may not be able to enter the home.
    """
    socket = home.run / f".s.PGSQL.{SOCKET_PORT}"
    if private_to_us and len(os.fsencode(socket)) <= SOCKET_PATH_LIMIT_BYTES:
        return home.run
    place = hashlib.sha256(os.fsencode(home.path.resolve())).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"interlock-{os.geteuid()}-{place}"
    # A deep TMPDIR (a mac has one) would be too long again; /tmp never is.
    longest = SOCKET_PATH_LIMIT_BYTES - len(socket.name) - 1
    return folder if len(os.fsencode(folder)) <= longest else Path("/tmp") / folder.name  # noqa: S108  checked for its owner before use
