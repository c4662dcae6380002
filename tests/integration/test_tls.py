"""NATS as docker-compose.yml starts it: TLS alone, and a server that its clients know."""

import ssl
from contextlib import asynccontextmanager

import nats
import pytest

from contracts.subjects import EXECUTOR, SERVICES
from infra.deployment.certificates import CA, ensure_certificates
from infra.dev.assembly import SIGNING_OWNERS
from infra.generate.permissions import INFRA, USERS, permissions_conf
from infra.platform.home import Home
from infra.platform.nats_identity import ensure_nats_users, ensure_signers
from infra.streams import ensure_streams
from shared.connection import inbox_prefix, make_broker, security_of, tls_to
from shared.errors import ConfigError
from shared.service import connect
from shared.settings import ServiceSettings
from tests.architecture.sources import ROOT
from tests.integration.engine import nats_server
from tests.integration.test_permissions import BOUNDS


@pytest.fixture
def home(tmp_path) -> Home:
    home = Home(tmp_path / "state")
    home.create()
    users = ensure_nats_users(home, USERS)
    ensure_signers(home, SIGNING_OWNERS)
    public = {name: user.public_key for name, user in users.items()}
    ensure_certificates(home.path / "tls")
    (home.path / "tls" / "authorization.conf").write_text(permissions_conf(public))
    return home


def tls_part(home: Home) -> str:
    """What compose.conf says of TLS and users, with the files where they are here."""
    text = (ROOT / "infra" / "nats" / "compose.conf").read_text("utf-8")
    said = text[text.index("tls {") :].replace("/etc/nats/handed", str(home.path / "tls"))
    return said.replace("handed/", "state/tls/")


@asynccontextmanager
async def running(home: Home, conf: str):
    async with nats_server(home.path.parent, conf) as url:
        yield url


async def plainly(url: str, home: Home, **more: object) -> nats.NATS:
    """Connect once, as infra; whatever goes wrong is raised."""

    async def ignore(_: Exception) -> None:
        pass

    return await nats.connect(
        url,
        nkeys_seed=str(home.keys / f"{INFRA}.nkey"),
        inbox_prefix=inbox_prefix(INFRA).encode(),
        allow_reconnect=False,
        connect_timeout=2,
        error_cb=ignore,
        **more,
    )


def is_encrypted(client: nats.NATS) -> bool:
    """There is no public way to ask."""
    return client._transport._io_writer.get_extra_info("ssl_object") is not None


async def test_every_service_connects_and_reads_the_log(home):
    async with running(home, tls_part(home)) as url:
        tls = tls_to(home.path / "tls" / CA)
        infra = await plainly(url, home, tls=tls, tls_handshake_first=True)
        await ensure_streams(infra.jetstream(), bounds=BOUNDS)
        await infra.close()

        for service in SERVICES:
            settings = ServiceSettings(
                nats_url=url.replace("nats://", "tls://"),
                nats_ca_file=home.path / "tls" / CA,
                keyring_file=home.keys / "keyring.json",
                nkey_file=home.keys / f"{service}.nkey",
            )
            core = await connect(service, settings, make_broker(service, settings))
            assert is_encrypted(core.client)
            assert (await core.bus.read("acme", "r-1")).last_sequence == 0
            await core.client.close()


async def test_who_waits_to_be_asked_for_tls_is_asked(home):
    async with running(home, tls_part(home)) as url:
        client = await plainly(url, home, tls=tls_to(home.path / "tls" / CA))

        assert is_encrypted(client)
        await client.close()


async def test_a_plain_client_is_refused(home):
    async with running(home, tls_part(home)) as url:
        with pytest.raises((ssl.SSLError, OSError, nats.errors.Error)):
            await plainly(url, home)


@pytest.mark.parametrize("first", [True, False])
async def test_a_client_of_another_authority_refuses_the_server(home, tmp_path, first):
    ensure_certificates(tmp_path / "others")
    tls = tls_to(tmp_path / "others" / CA)

    async with running(home, tls_part(home)) as url:
        with pytest.raises((ssl.SSLError, nats.errors.Error)):
            await plainly(url, home, tls=tls, tls_handshake_first=first)


async def test_a_client_refuses_a_server_of_another_name(home):
    ensure_certificates(home.path / "tls", ("nats.example.org",))

    async with running(home, tls_part(home)) as url:
        with pytest.raises((ssl.SSLError, nats.errors.Error)):
            await plainly(url, home, tls=tls_to(home.path / "tls" / CA))


async def test_a_service_says_nothing_to_a_server_without_tls(home):
    """Whoever is in between could leave out that TLS is asked for."""
    conf = (home.path / "tls" / "authorization.conf").read_text()
    async with running(home, conf) as url:
        settings = ServiceSettings(
            nats_url=url,
            nats_ca_file=home.path / "tls" / CA,
            nkey_file=home.keys / f"{EXECUTOR}.nkey",
        )
        security = security_of(settings)
        with pytest.raises((ssl.SSLError, OSError, nats.errors.Error)):
            await plainly(
                url,
                home,
                tls=security.ssl_context,
                tls_handshake_first=security.tls_handshake_first,
            )


def test_a_file_that_is_no_certificate_is_named(tmp_path):
    (tmp_path / CA).write_text("nothing")

    with pytest.raises(ConfigError, match="INTERLOCK_NATS_CA_FILE"):
        tls_to(tmp_path / CA)
