"""The embedded PostgreSQL: a cluster made on first start, reached by a unix socket alone.

Only the operating system's user who started it may connect (peer authentication), so there is no
password to keep. The server is an ordinary supervised child.
"""

import asyncio
import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from signal import SIGINT, SIGQUIT
from urllib.parse import quote

import asyncpg

from infra.platform.child import Child
from infra.platform.errors import PostgresUnusable
from infra.platform.files import replace_file
from infra.platform.home import Home
from infra.platform.logs import tail
from infra.platform.os_process import OsProcess, find
from infra.platform.postgres_account import (
    MAJOR_VERSION,
    PROGRAM_CACHE,
    account_for_postgres,
    find_postgres,
    login_name,
    reachable_installation,
)
from infra.platform.processes import Supervisor
from infra.platform.readiness import wait_ready
from infra.platform.spawn import run_to_end

NAME = "interlock"
SUPERUSER = "postgres"
# Names the socket file; nothing listens on TCP, so it need not be free.
SOCKET_PORT = 5432
# 108 bytes on Linux, 104 on a mac, with the closing zero.
SOCKET_PATH_LIMIT_BYTES = 103
INITDB_TIMEOUT_SECONDS = 60.0
READY_TIMEOUT_SECONDS = 60.0
CONNECT_TIMEOUT_SECONDS = 2.0
ORPHAN_TIMEOUT_SECONDS = 10.0
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
    """One PostgreSQL server with the role and the database `interlock`, its cluster in the home."""

    def __init__(self, home: Home, *, installation: Path | None = None) -> None:
        self._home = home
        self._cluster = home.postgres / "cluster"
        self._account = account_for_postgres()
        self._installation = installation or find_postgres()
        self._sockets = _socket_folder(home, private_to_us=self._account is None)

    @property
    def dsn(self) -> str:
        """For asyncpg, and for whatever else speaks libpq's URLs."""
        host = quote(str(self._sockets), safe="/")
        return f"postgresql://{NAME}@/{NAME}?host={host}&port={SOCKET_PORT}"

    async def start(self, supervisor: Supervisor) -> None:
        """Make the cluster if there is none, start the server, return when the database is there.

        Raises PostgresUnusable or NotReady. The supervisor restarts and stops the server.
        """
        self._installation = await asyncio.to_thread(
            reachable_installation, self._installation, self._account, cache=PROGRAM_CACHE
        )
        self._make_socket_folder()
        if self._cluster.exists():
            self._expect_owner()
            self._expect_version()
            await asyncio.to_thread(self._end_orphan)
        else:
            await self._make_cluster()
        self._write_access_rules()
        child = self._child()
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

    def _child(self) -> Child:
        settings = {**SETTINGS, "unix_socket_directories": str(self._sockets)}
        flags = (part for key, value in settings.items() for part in ("-c", f"{key}={value}"))
        return Child(
            name="postgres",
            argv=(self._program("postgres"), "-D", self._data_argument(self._cluster), *flags),
            env=_environment(),
            cwd=self._cluster,
            log_file=self._home.logs / "postgres.log",
            # Fast shutdown: clients are cut off, the cluster is closed properly.
            stop_signal=SIGINT,
            # Immediate shutdown: the server takes its own children with it.
            orphan_signal=SIGQUIT,
            grace_seconds=GRACE_SECONDS,
            account=self._account,
        )

    def _program(self, name: str) -> str:
        return str(self._installation / "bin" / name)

    def _data_argument(self, cluster: Path) -> str:
        """How the server is told its folder: by path, or as the directory it is started in.

        The second works also where the account may not pass through the folders above (a home
        below /root), because it is opened before the change of account.
        """
        if self._account is None or sys.platform != "linux":
            return str(cluster)
        return "/proc/self/cwd"

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

    def _expect_owner(self) -> None:
        found = self._cluster.stat().st_uid
        if found != self._owner:
            raise PostgresUnusable(
                f"{self._cluster} belongs to user id {found}, and the server would run as "
                f"{self._owner}; start as the user (or as root) who started it first, or run "
                f"`chown -R {self._owner} {self._cluster}` as root"
            )

    def _expect_version(self) -> None:
        found = (self._cluster / "PG_VERSION").read_text("ascii").strip()
        if found != str(MAJOR_VERSION):
            raise PostgresUnusable(
                f"{self._cluster} was made by PostgreSQL {found}, this is {MAJOR_VERSION}; "
                "start the release that made it to export what you need, or move the folder away: "
                "read models are rebuilt from the log, the ledger is not"
            )

    async def _make_cluster(self) -> None:
        """Made under another name first, so that an interrupted initdb leaves no half cluster."""
        unfinished = self._home.postgres / "cluster.unfinished"
        await asyncio.to_thread(_empty_folder, unfinished)
        if self._account is not None:
            os.chown(unfinished, self._account.uid, self._account.gid)
        await self._initdb(unfinished)
        unfinished.rename(self._cluster)

    async def _initdb(self, folder: Path) -> None:
        child = Child(
            name="initdb",
            argv=(
                *(self._program("initdb"), "-D", self._data_argument(folder)),
                *("-U", SUPERUSER, "--auth=peer", "--encoding=UTF8", "--locale=C"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            ),
            env=_environment(),
            cwd=folder,
            log_file=self._home.logs / "initdb.log",
            account=self._account,
        )
        try:
            code = await run_to_end(child, timeout_seconds=INITDB_TIMEOUT_SECONDS)
        except TimeoutError:
            raise PostgresUnusable(
                f"initdb did not finish within {INITDB_TIMEOUT_SECONDS:.0f} s; is the disk of "
                f"{self._home.path} slow or full?"
            ) from None
        if code != 0:
            raise PostgresUnusable(f"initdb failed; {child.log_file}:\n{tail(child.log_file)}")

    def _write_access_rules(self) -> None:
        """Let in who runs this, as the role or as the superuser, by the socket; nobody else."""
        login = login_name()
        users = "".join(f'interlock "{login}" {role}\n' for role in (NAME, SUPERUSER))
        for name, text in {
            "pg_hba.conf": "local all all peer map=interlock\n",
            "pg_ident.conf": users,
        }.items():
            replace_file(self._cluster / name, text)
            if self._account is not None:
                # Not through a link: the account owns this folder and could have put one here.
                os.lchown(self._cluster / name, self._account.uid, self._account.gid)

    async def _ensure_database(self) -> None:
        connection = await asyncpg.connect(
            host=str(self._sockets),
            port=SOCKET_PORT,
            user=SUPERUSER,
            database=SUPERUSER,
            timeout=CONNECT_TIMEOUT_SECONDS,
        )
        try:
            for catalog, create in (
                ("pg_roles WHERE rolname", f"CREATE ROLE {NAME} LOGIN"),
                ("pg_database WHERE datname", f"CREATE DATABASE {NAME} OWNER {NAME}"),
            ):
                query = f"SELECT 1 FROM {catalog} = $1"  # noqa: S608  both parts are ours, above
                if await connection.fetchval(query, NAME) is None:
                    await connection.execute(create)
        finally:
            await connection.close(timeout=CONNECT_TIMEOUT_SECONDS)

    def _end_orphan(self) -> None:
        """End a server that outlived its supervisor; we hold the home, so nobody else owns it."""
        server = _server_of(self._cluster)
        if server is None:
            return
        server.send(SIGQUIT)
        if not server.ends_within(ORPHAN_TIMEOUT_SECONDS):
            raise PostgresUnusable(
                f"process {server.pid} is an old server on {self._cluster} and does not end; "
                f"stop it (kill -QUIT {server.pid}) and start again"
            )


def _server_of(cluster: Path) -> OsProcess | None:
    try:
        pid = int((cluster / "postmaster.pid").read_text("utf-8").split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
    return find(pid, program="postgres", cwd=cluster)


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


def _environment() -> dict[str, str]:
    """Nothing of the caller's: PGDATA, PGHOST and the like would change what the programs do."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _empty_folder(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700)
