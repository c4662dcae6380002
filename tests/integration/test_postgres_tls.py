"""PostgreSQL as docker-compose.yml starts it: by TLS alone, and known to its clients.

The wheel's server is built without TLS, so that a front of ours speaks it there, with the server's
certificate. What the server itself is told is tried on an installed PostgreSQL that has TLS.
"""

import asyncio
import shutil
import signal
import ssl
import subprocess
import tempfile
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
import pytest_asyncio
import yaml

from contracts.subjects import LEDGER
from infra.deployment.certificates import CA, POSTGRES, POSTGRES_KEY, ensure_certificates
from infra.platform.ports import choose_port
from infra.platform.postgres_account import account_for_postgres
from services.cost_ledger.settings import Settings
from shared.postgres import open_pool
from tests.architecture.sources import ROOT
from tests.integration.eventually import eventually
from tests.roles import dsn_of

pytestmark = pytest.mark.asyncio(loop_scope="session")
SSL_REQUEST = (8).to_bytes(4) + (80877103).to_bytes(4)
CHUNK_BYTES = 65_536
READY_SECONDS = 20.0
PASSWORD = "of-a-test"


@pytest.fixture
def tls(tmp_path) -> Path:
    ensure_certificates(tmp_path / "tls")
    return tmp_path / "tls"


async def passed_on(reader, writer):
    with suppress(OSError):
        while block := await reader.read(CHUNK_BYTES):
            writer.write(block)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def front(dsn: str, tls: Path):
    """The wheel's server behind a port that speaks TLS as PostgreSQL does; yields the port."""
    (folder,) = parse_qs(urlsplit(dsn).query)["host"]
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(tls / POSTGRES, tls / POSTGRES_KEY)

    async def serve(reader, writer):
        with suppress(OSError, asyncio.IncompleteReadError):
            assert await reader.readexactly(len(SSL_REQUEST)) == SSL_REQUEST
            writer.write(b"S")
            await writer.drain()
            await writer.start_tls(context)
            back, forth = await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432")
            await asyncio.gather(passed_on(reader, forth), passed_on(back, writer))
        writer.close()

    server = await asyncio.start_server(serve, "0.0.0.0", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def settings_of(role_dsn: str, port: int, ca: Path, host: str = "localhost") -> Settings:
    role = urlsplit(role_dsn).username
    verified = f"sslmode=verify-full&sslrootcert={ca}"
    return Settings(postgres_dsn=f"postgresql://{role}@{host}:{port}/interlock?{verified}")


async def test_a_service_knows_the_server_by_the_certificate_of_the_authority(postgres_dsn, tls):
    async with front(postgres_dsn, tls) as port:
        settings = settings_of(dsn_of(LEDGER, postgres_dsn), port, tls / CA)
        async with open_pool(settings) as pool:
            assert await pool.fetchval("SELECT current_user") == "interlock_cost_ledger"


async def test_a_service_of_another_authority_refuses_the_server(postgres_dsn, tls, tmp_path):
    ensure_certificates(tmp_path / "others")

    async with front(postgres_dsn, tls) as port:
        settings = settings_of(postgres_dsn, port, tmp_path / "others" / CA)
        with pytest.raises(ssl.SSLCertVerificationError, match="verify failed"):
            async with open_pool(settings):
                pass


async def test_a_service_refuses_a_server_of_another_name(postgres_dsn, tls):
    async with front(postgres_dsn, tls) as port:
        settings = settings_of(postgres_dsn, port, tls / CA, "127.0.0.2")
        with pytest.raises(ssl.SSLCertVerificationError, match=r"127\.0\.0\.2"):
            async with open_pool(settings):
                pass


def programs() -> Path | None:
    """Where an installed PostgreSQL with TLS has its programs."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    on_path = shutil.which("postgres")
    if on_path is not None:
        folders.append(Path(on_path).resolve().parent)
    for folder in folders:
        server = folder / "postgres"
        if (folder / "initdb").exists() and b"libssl.so" in server.read_bytes():
            return folder
    return None


@pytest_asyncio.fixture(loop_scope="session")
async def server(tls, tmp_path_factory):
    """A server with what compose tells it; the port that it listens at."""
    found = programs()
    if found is None:
        pytest.skip("no PostgreSQL with TLS is installed on this machine")
    port = choose_port()
    with running(found, tmp_path_factory.mktemp("pg"), tls, port):
        await eventually(lambda: _is_up(port, tls), READY_SECONDS)
        yield port


@contextmanager
def running(found: Path, folder: Path, tls: Path, port: int):
    given, user = _given(folder, tls), _as_account(folder)
    made = ("-U", "interlock", "--auth=scram-sha-256", f"--pwfile={folder / 'password'}")
    initdb = [found / "initdb", "-D", folder / "data", *made]
    subprocess.run(initdb, check=True, capture_output=True, timeout=60, cwd=folder, **user)
    place = (
        f"--unix_socket_directories={folder}",
        f"--port={port}",
        "--listen_addresses=127.0.0.1",
    )
    argv = [found / "postgres", "-D", folder / "data", *given, *place]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(argv, stdout=log, stderr=log, cwd=folder, **user)
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(READY_SECONDS)


def _as_account(folder: Path) -> dict[str, object]:
    """As whom it runs, since it does not as root: that account gets the folder, and gets to it."""
    account = account_for_postgres()
    if account is None:
        return {}
    for above in folder.parents:
        if above == Path(tempfile.gettempdir()):
            break
        above.chmod(above.stat().st_mode | 0o011)
    for path in (folder, *folder.iterdir()):
        shutil.chown(path, account.name)
    return {"user": account.name, "group": account.gid}


def _given(folder: Path, tls: Path) -> list[str]:
    """The flags of compose, with files where they are here."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    hba = ROOT / "infra" / "deployment" / "pg_hba.conf"
    for file, mode in ((tls / POSTGRES, 0o644), (tls / POSTGRES_KEY, 0o600), (hba, 0o644)):
        shutil.copy(file, folder / file.name)
        (folder / file.name).chmod(mode)
    (folder / "password").write_text(PASSWORD)
    flags = compose["services"]["postgres"]["command"][1:]
    for at in ("/run/tls", "/etc/postgresql"):
        flags = [flag.replace(at, str(folder)) for flag in flags]
    return flags


def of_server(port: int, query: str) -> str:
    return f"postgresql://interlock:{PASSWORD}@localhost:{port}/postgres?{query}"


async def _is_up(port: int, tls: Path) -> bool:
    verified = f"sslmode=verify-full&sslrootcert={tls / CA}"
    try:
        connection = await asyncpg.connect(of_server(port, verified), timeout=2)
    except (OSError, asyncpg.PostgresError):
        return False
    await connection.close()
    return True


async def test_the_server_of_compose_speaks_tls(server, tls):
    verified = f"sslmode=verify-full&sslrootcert={tls / CA}"
    connection = await asyncpg.connect(of_server(server, verified))
    try:
        version = await connection.fetchval(
            "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl"
        )
    finally:
        await connection.close()

    assert version == "TLSv1.3"


async def test_the_server_of_compose_refuses_who_speaks_no_tls(server):
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match="no encryption"):
        await asyncpg.connect(of_server(server, "sslmode=disable"))


async def test_a_client_of_another_authority_sends_the_server_of_compose_nothing(server, tmp_path):
    ensure_certificates(tmp_path / "others")
    verified = f"sslmode=verify-full&sslrootcert={tmp_path / 'others' / CA}"

    with pytest.raises(ssl.SSLCertVerificationError):
        await asyncpg.connect(of_server(server, verified))
