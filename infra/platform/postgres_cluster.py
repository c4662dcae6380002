"""The folder that PostgreSQL keeps its state in: made once, ours alone, of the right version."""

import asyncio
import os
import shutil
import sys
from pathlib import Path
from signal import SIGQUIT

from infra.migrations.grants import SERVICE_ROLES
from infra.platform.child import Account, Child
from infra.platform.errors import PostgresUnusable
from infra.platform.files import replace_file
from infra.platform.home import Home
from infra.platform.logs import tail
from infra.platform.os_process import OsProcess, find
from infra.platform.postgres_account import MAJOR_VERSION, login_name
from infra.platform.spawn import run_to_end

ROLE = "interlock"
TOOLS_ROLE = "interlock_tools"  # of tools: no table of the platform is theirs
SUPERUSER = "postgres"
ROLES = (ROLE, TOOLS_ROLE, *SERVICE_ROLES.values(), SUPERUSER)
INITDB_TIMEOUT_SECONDS = 60.0
ORPHAN_TIMEOUT_SECONDS = 10.0


class Cluster:
    """One cluster on disk, owned by the account the server runs as."""

    def __init__(self, home: Home, programs: Path, account: Account | None) -> None:
        self.folder = home.postgres / "cluster"
        self.programs = programs
        self._home = home
        self._account = account

    @property
    def argument(self) -> str:
        return self._argument(self.folder)

    async def prepare(self) -> None:
        """Leave a cluster that a server can start on; PostgresUnusable says why there is none."""
        if self.folder.exists():
            self._expect_owner()
            self._expect_version()
            await asyncio.to_thread(self._end_orphan)
        else:
            await self._make()
        self._write_access_rules()

    @property
    def _expected_owner(self) -> int:
        return self._account.uid if self._account else os.geteuid()

    def _expect_owner(self) -> None:
        found, expected = self.folder.stat().st_uid, self._expected_owner
        if found != expected:
            raise PostgresUnusable(
                f"{self.folder} belongs to user id {found}, and the server would run as "
                f"{expected}; start as the user (or as root) who started it first, or run "
                f"`chown -R {expected} {self.folder}` as root"
            )

    def _expect_version(self) -> None:
        found = (self.folder / "PG_VERSION").read_text("ascii").strip()
        if found != str(MAJOR_VERSION):
            raise PostgresUnusable(
                f"{self.folder} was made by PostgreSQL {found}, this is {MAJOR_VERSION}; "
                "start the release that made it to export what you need, or move the folder away: "
                "read models are rebuilt from the log, the ledger is not"
            )

    async def _make(self) -> None:
        """Made under another name first, so that an interrupted initdb leaves no half cluster."""
        unfinished = self._home.postgres / "cluster.unfinished"
        await asyncio.to_thread(_empty_folder, unfinished)
        if self._account is not None:
            os.chown(unfinished, self._account.uid, self._account.gid)
        await self._initdb(unfinished)
        unfinished.rename(self.folder)

    async def _initdb(self, folder: Path) -> None:
        child = Child(
            name="initdb",
            argv=(
                *(str(self.programs / "initdb"), "-D", self._argument(folder)),
                *("-U", SUPERUSER, "--auth=peer", "--encoding=UTF8", "--locale=C"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            ),
            env=environment(),
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
        """Let in who runs this, as any of the roles, by the socket; nobody else."""
        login = login_name()
        users = "".join(f'interlock "{login}" {role}\n' for role in ROLES)
        for name, text in {
            "pg_hba.conf": "local all all peer map=interlock\n",
            "pg_ident.conf": users,
        }.items():
            replace_file(self.folder / name, text)
            if self._account is not None:
                # Not through a link: the account owns this folder and could have put one here.
                os.lchown(self.folder / name, self._account.uid, self._account.gid)

    def _end_orphan(self) -> None:
        """End a server that outlived its supervisor; we hold the home, so nobody else owns it."""
        server = _server_of(self.folder)
        if server is None:
            return
        server.send(SIGQUIT)
        if not server.ends_within(ORPHAN_TIMEOUT_SECONDS):
            raise PostgresUnusable(
                f"process {server.pid} is an old server on {self.folder} and does not end; "
                f"stop it (kill -QUIT {server.pid}) and start again"
            )

    def _argument(self, cluster: Path) -> str:
        """How the server is told its folder: by path, or as the directory it is started in.

        The second works also where the account may not pass through the folders above (a home
        below /root), because it is opened before the change of account.
        """
        if self._account is None or sys.platform != "linux":
            return str(cluster)
        return "/proc/self/cwd"


def environment() -> dict[str, str]:
    """Nothing of the caller's: PGDATA, PGHOST and the like would change what the programs do."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _server_of(cluster: Path) -> OsProcess | None:
    try:
        pid = int((cluster / "postmaster.pid").read_text("utf-8").split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
    return find(pid, program="postgres", cwd=cluster)


def _empty_folder(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700)
