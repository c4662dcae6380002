"""Every secret of an installation is in the folder of whom it belongs to, and in no other."""

from datetime import UTC, datetime

import pytest
from cryptography import x509

from contracts.subjects import GUARDRAIL, ROUTER
from infra.deployment.certificates import CA, CA_KEY, SERVER, ensure_certificates
from infra.deployment.handing_out import DATABASE, NATS, PUBLIC, hand_out, holders, secrets_of
from infra.deployment.roles import ensure_passwords
from infra.dev.assembly import SIGNING_OWNERS
from infra.dev.people import ensure_token
from infra.generate.permissions import INFRA, permissions_conf, users
from infra.migrations.grants import SERVICE_ROLES
from infra.platform.home import Home
from infra.platform.nats_identity import (
    CANARY_KEY,
    ensure_canary_key,
    ensure_nats_users,
    ensure_signers,
)

TENANTS = ("acme",)
KINDS = ("*.nkey", "*.seed", "*.pgpass")


@pytest.fixture
def home(tmp_path) -> Home:
    """All that `infra.bootstrap keys` makes, with tools that pin nothing."""
    home = Home(tmp_path / "state")
    home.create()
    made = ensure_nats_users(home, [user.name for user in users(TENANTS)])
    ensure_signers(home, SIGNING_OWNERS)
    ensure_canary_key(home)
    ensure_passwords(home.keys)
    public = {name: user.public_key for name, user in made.items()}
    (home.nats / "authorization.conf").write_text(permissions_conf(public, TENANTS))
    (home.run / "tools.lock.json").write_text("{}")
    ensure_certificates(home.path / "tls")
    ensure_token(home.keys / "tokens.json")
    return home


@pytest.fixture
def handed(home, tmp_path):
    hand_out(home, tmp_path / "handed", TENANTS)
    return tmp_path / "handed"


def owners_of(secret: str, handed) -> set[str]:
    """The folders in which a text is found."""
    return {
        file.parent.name
        for file in handed.rglob("*")
        if file.is_file() and secret in file.read_text("utf-8")
    }


@pytest.mark.parametrize("service", holders(TENANTS))
def test_a_service_is_handed_its_own_and_nothing_else(handed, service):
    files = {file.name: file for file in (handed / service).iterdir()}

    assert set(files) == set(secrets_of(service))
    assert all(file.stat().st_mode & 0o077 == 0 for file in files.values())


def test_every_secret_is_with_those_alone_who_need_it(home, handed):
    others = (home.keys / "tokens.json", home.keys / CANARY_KEY)
    seeds = [file for kind in KINDS for file in home.keys.glob(kind)]
    found = {file.name: owners_of(file.read_text().strip(), handed) for file in (*seeds, *others)}

    of_services = {name: {service} for service in holders(TENANTS) for name in secrets_of(service)}
    of_services[CANARY_KEY] = {GUARDRAIL, ROUTER}
    # Who makes the roles knows the password of each.
    of_services |= {f"{service}.pgpass": {service, INFRA} for service in SERVICE_ROLES}
    of_people = {"producer-acme.nkey": set(), "approver-acme.nkey": set()}
    assert found == {**of_services, f"{INFRA}.nkey": {INFRA}, **of_people}


def test_the_key_of_the_authority_stays_where_keys_are_made(home, handed):
    key = (home.path / "tls" / CA_KEY).read_text()

    assert owners_of(key, handed) == set()
    assert owners_of((home.path / "tls" / "server.key").read_text(), handed) == {NATS}
    assert owners_of((home.path / "tls" / "postgres.key").read_text(), handed) == {DATABASE}
    assert owners_of((home.path / "tls" / CA).read_text(), handed) == {NATS, PUBLIC}


def test_what_is_no_more_a_service_s_is_taken_back(home, handed):
    stale = handed / "tool_executor-acme" / "cost_ledger.seed"
    stale.write_text("x")

    hand_out(home, handed, TENANTS)

    assert not stale.exists()


def test_certificates_are_made_once(home):
    folder = home.path / "tls"
    before = {file.name: file.read_bytes() for file in folder.iterdir()}

    ensure_certificates(folder)

    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_a_crash_before_the_certificate_of_the_authority_was_written_is_made_good(home):
    folder = home.path / "tls"
    server = x509.load_pem_x509_certificate((folder / SERVER).read_bytes())
    (folder / CA).unlink()

    ensure_certificates(folder)

    authority = x509.load_pem_x509_certificate((folder / CA).read_bytes())
    server.verify_directly_issued_by(authority)


def test_a_server_of_another_name_gets_another_certificate_of_the_same_authority(home):
    folder = home.path / "tls"
    authority = (folder / CA).read_bytes()

    ensure_certificates(folder, ("nats.example.org",))

    made = x509.load_pem_x509_certificate((folder / SERVER).read_bytes())
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["nats.example.org"]
    assert (folder / CA).read_bytes() == authority
    assert made.not_valid_after_utc > datetime.now(UTC)
