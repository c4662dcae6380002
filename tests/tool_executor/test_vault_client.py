"""Reading of a vault by its HTTP API: secrets with versions and leases, logins, and refusals."""

import ssl

import pytest

from infra.deployment.certificates import CA, SERVER, SERVER_KEY, ensure_certificates
from services.tool_executor.adapters.credentials.declared import VaultServer
from services.tool_executor.adapters.credentials.vault import HttpVault
from services.tool_executor.errors import CredentialsUnavailable
from tests.tool_executor.vault_server import FakeVault, vault_server

CANARY = "canary-7e21b04fd9a8"


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def vault(tmp_path):
    (tmp_path / "token").write_text("root-token\n")
    with vault_server(FakeVault()) as running:
        yield running


@pytest.fixture
async def client(vault, tmp_path):
    one = client_of(vault, token_file=str(tmp_path / "token"))
    yield one
    await one.close(())


def client_of(vault, clock=None, **words):
    server = VaultServer.model_validate({"url": vault.url, "timeout": 5, **words})
    return HttpVault(server, clock or Clock())


async def test_a_secret_with_versions_is_read(vault, client):
    vault.versioned["kv/data/erp"] = {"token": "abc", "port": 8443}

    secret = await client.read("kv/data/erp", 30)

    assert secret.fields == {"token": "abc", "port": "8443"}
    assert (secret.lease, secret.until) == ("", float("inf"))


async def test_a_secret_without_versions_is_read(vault, client):
    vault.plain["kv/erp"] = {"token": "abc", "data": "d"}

    assert (await client.read("kv/erp", 30)).fields == {"token": "abc", "data": "d"}


async def test_what_is_made_for_us_is_leased_from_the_moment_it_was_asked_for(vault, client):
    vault.dynamic["database/creds/reader"] = 300

    secret = await client.read("database/creds/reader", 30)

    assert secret.fields["username"] == "v-reader-1"
    assert (secret.lease, secret.until) == ("database/creds/reader/1", 1300.0)


async def test_nothing_lies_where_nothing_was_put_or_where_it_was_deleted(vault, client):
    vault.versioned["kv/data/old"] = None

    assert await client.read("kv/data/never", 30) is None
    assert await client.read("kv/data/old", 30) is None


async def test_a_pod_logs_in_once_and_again_before_its_login_ends(vault, tmp_path):
    (tmp_path / "jwt").write_text("pod-jwt")
    vault.roles["interlock"] = "pod-jwt"
    vault.versioned["kv/data/erp"] = {"token": "abc"}
    clock = Clock()
    how = {"role": "interlock", "token_file": str(tmp_path / "jwt")}
    client = client_of(vault, clock, kubernetes=how)

    await client.read("kv/data/erp", 30)
    clock.now += 3570
    await client.read("kv/data/erp", 30)
    clock.now += 1
    await client.read("kv/data/erp", 30)
    await client.close(())

    assert vault.asked.count("POST auth/kubernetes/login") == 2
    assert vault.asked[-1] == "POST auth/token/revoke-self"
    assert len([one for one in vault.tokens if one.startswith("login-token")]) == 1


async def test_a_lease_ends_with_the_login_that_got_it(vault, tmp_path):
    (tmp_path / "jwt").write_text("pod-jwt")
    vault.roles["interlock"], vault.login_seconds = "pod-jwt", 100
    vault.dynamic["database/creds/reader"] = 300
    how = {"role": "interlock", "token_file": str(tmp_path / "jwt")}
    client = client_of(vault, kubernetes=how)

    secret = await client.read("database/creds/reader", 30)
    await client.close(())

    assert secret.until == 1100.0


async def test_a_login_that_was_revoked_is_made_again(vault, tmp_path):
    (tmp_path / "jwt").write_text("pod-jwt")
    vault.roles["interlock"] = "pod-jwt"
    vault.versioned["kv/data/erp"] = {"token": "abc"}
    client = client_of(vault, kubernetes={"role": "interlock", "token_file": str(tmp_path / "jwt")})
    await client.read("kv/data/erp", 30)
    vault.tokens.clear()

    assert (await client.read("kv/data/erp", 30)).fields == {"token": "abc"}
    await client.close(())


async def test_a_token_that_was_replaced_is_the_one_that_counts(vault, client, tmp_path):
    vault.versioned["kv/data/erp"] = {"token": "abc"}
    vault.tokens = {"newer-token"}

    with pytest.raises(CredentialsUnavailable, match="answers 403 to kv/data/erp"):
        await client.read("kv/data/erp", 30)
    (tmp_path / "token").write_text("newer-token")

    assert (await client.read("kv/data/erp", 30)).fields == {"token": "abc"}


async def test_leases_are_revoked_when_they_are_needed_no_more(vault, tmp_path):
    (tmp_path / "token").write_text("root-token")
    client = client_of(vault, token_file=str(tmp_path / "token"))

    await client.close(("database/creds/reader/1", "database/creds/reader/2"))

    assert vault.revoked == ["database/creds/reader/1", "database/creds/reader/2"]


async def test_a_namespace_is_named(vault, tmp_path):
    vault.namespace = "team/shop"
    vault.versioned["kv/data/erp"] = {"token": "abc"}
    client = client_of(vault, token_file=str(tmp_path / "token"), namespace="team/shop")

    assert (await client.read("kv/data/erp", 30)).fields == {"token": "abc"}
    await client.close(())


@pytest.mark.parametrize("status", [307, 400, 429, 500, 503])
async def test_what_a_vault_refuses_is_tried_again_another_time(vault, client, status):
    vault.versioned["kv/data/elsewhere"] = {"value": "nobody's"}
    vault.status = status

    with pytest.raises(CredentialsUnavailable, match=f"answers {status} to kv/data/erp"):
        await client.read("kv/data/erp", 30)

    assert vault.asked == ["GET kv/data/erp"]


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b"[" * 100_000, b'{"data": 7}', b'{"data": null}', b""]
)
async def test_what_is_no_secret_is_none_and_is_not_quoted(vault, client, body):
    vault.versioned["kv/data/erp"] = {"token": "abc"}
    vault.body = body + CANARY.encode() if body == b"<html>" else body

    with pytest.raises(CredentialsUnavailable, match="holds no secret") as refused:
        await client.read("kv/data/erp", 30)

    assert CANARY not in str(refused.value)


async def test_an_answer_has_a_limit(vault, client):
    vault.versioned["kv/data/erp"] = {"token": "x" * 300_000}

    with pytest.raises(CredentialsUnavailable, match="more than 262144 bytes"):
        await client.read("kv/data/erp", 30)


async def test_a_vault_that_is_not_there_is_told_by_path_alone(tmp_path):
    with vault_server(FakeVault()) as gone:
        pass
    (tmp_path / "token").write_text(CANARY)
    client = client_of(gone, token_file=str(tmp_path / "token"))

    with pytest.raises(CredentialsUnavailable, match=r"kv/data/erp \(ConnectError\)") as refused:
        await client.read("kv/data/erp", 30)
    await client.close(("a-lease",))

    assert CANARY not in str(refused.value)


async def test_without_a_token_nobody_is_asked(vault, tmp_path):
    client = client_of(vault, token_file=str(tmp_path / "none"))

    with pytest.raises(CredentialsUnavailable, match="there is no token for the vault in it"):
        await client.read("kv/data/erp", 30)
    await client.close(())

    assert vault.asked == []


async def test_a_vault_must_be_who_it_says(tmp_path):
    ensure_certificates(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / SERVER, tmp_path / SERVER_KEY)
    (tmp_path / "token").write_text("root-token")
    token = {"token_file": str(tmp_path / "token")}
    with vault_server(FakeVault(), context) as vault:
        vault.versioned["kv/data/erp"] = {"token": "abc"}
        known = client_of(vault, **token, ca_file=str(tmp_path / CA))
        unknown = client_of(vault, **token)
        found = await known.read("kv/data/erp", 30)
        with pytest.raises(CredentialsUnavailable, match="ConnectError"):
            await unknown.read("kv/data/erp", 30)
        await known.close(())
        await unknown.close(())

    assert found.fields == {"token": "abc"}
