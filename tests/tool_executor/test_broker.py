"""Where the values of variables come from, and how long one is kept."""

import asyncio
from pathlib import Path

import pytest
from pydantic import ValidationError

from services.tool_executor.adapters.credentials.broker import Broker
from services.tool_executor.adapters.credentials.given import Given
from services.tool_executor.adapters.credentials.secret import Secret
from services.tool_executor.adapters.registry import ToolsFile
from services.tool_executor.errors import CredentialMissing, CredentialsUnavailable

CANARY = "canary-51c7d0a9e3b2"


class Shelf:
    """A vault in memory, and a clock beside it."""

    def __init__(self, **held):
        self.held = held
        self.now = 1000.0
        self.reads = []
        self.closed_with = None
        self.failure = None

    async def read(self, path, for_seconds):
        self.reads.append(path)
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure
        made = self.held.get(path.replace("/", "_"))
        return made(self) if callable(made) else made

    async def close(self, leases):
        self.closed_with = leases


def leased(seconds):
    def make(shelf):
        number = len(shelf.reads)
        return Secret({"value": f"made-{number}"}, shelf.now + seconds, f"lease-{number}")

    return make


def broker_of(credentials, shelf=None, **changes):
    file = ToolsFile.model_validate(
        {
            "secrets": {"*": list(credentials)},
            "credentials": credentials,
            "vault": {"url": "https://vault.example", "token_file": "/run/token"},
        }
    )
    clock = (lambda: shelf.now) if shelf else (lambda: 0.0)
    return Broker(file.credentials, shelf, clock=clock, **changes)


async def value(broker, tenant="acme", seconds=30.0, name="TOKEN"):
    return dict((await broker.take([name], tenant, seconds)).values).get(name)


async def test_without_a_word_a_value_is_one_of_the_environment(monkeypatch):
    monkeypatch.setenv("TOKEN", CANARY)
    monkeypatch.delenv("OTHER", raising=False)

    given = await Broker().take(["TOKEN", "OTHER"], "acme", 30)

    assert given == Given((("TOKEN", CANARY),))


async def test_a_file_is_read_as_it_is_by_now(tmp_path):
    place = tmp_path / "token"
    broker = broker_of({"TOKEN": {"file": str(place)}})

    place.write_text("one\n")
    before = await value(broker)
    place.write_text("two")

    assert (before, await value(broker)) == ("one", "two")


async def test_a_tenant_has_its_own_and_the_others_have_that_of_all(tmp_path, monkeypatch):
    (tmp_path / "acme").write_text("of acme")
    monkeypatch.setenv("SHARED_TOKEN", "of all")
    broker = broker_of({"TOKEN": [{"file": f"{tmp_path}/{{tenant}}"}, {"env": "SHARED_TOKEN"}]})

    assert await value(broker) == "of acme"
    assert await value(broker, "globex") == "of all"
    assert (await broker.take(["TOKEN"], "globex", 1)).tenant == "globex"


async def test_what_is_one_tenants_is_never_had_outside_of_one(tmp_path):
    (tmp_path / "acme").write_text("of acme")
    broker = broker_of({"TOKEN": {"file": f"{tmp_path}/{{tenant}}"}})

    with pytest.raises(CredentialMissing, match="no tenant"):
        await value(broker, None)


@pytest.mark.parametrize("content", [None, "", "\n", "zero\0byte"])
async def test_a_value_that_is_none_is_missing(tmp_path, content):
    place = tmp_path / "token"
    if content is not None:
        place.write_text(content)

    with pytest.raises(CredentialMissing, match="TOKEN cannot be given for the tenant acme"):
        await value(broker_of({"TOKEN": {"file": str(place)}}))


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * 65_537])
async def test_a_file_that_cannot_be_a_value_says_so_and_quotes_none_of_it(tmp_path, content):
    (tmp_path / "token").write_bytes(content)

    with pytest.raises(CredentialsUnavailable) as refused:
        await value(broker_of({"TOKEN": {"file": str(tmp_path / "token")}}))

    assert len(str(refused.value)) < len(str(tmp_path)) + 60


async def test_fields_are_put_together_and_quoted_where_that_is_asked():
    fields = {"username": "v-1", "password": "{username} a/b@c"}
    shelf = Shelf(database_creds_reader=Secret(fields))
    template = "postgresql://{username}:{password:url}@db/{tenant}"
    broker = broker_of({"TOKEN": {"vault": "database/creds/reader", "template": template}}, shelf)

    assert await value(broker) == "postgresql://v-1:%7Busername%7D%20a%2Fb%40c@db/acme"


async def test_a_field_that_is_not_there_is_missing():
    shelf = Shelf(kv_data_erp=Secret({"user": "x"}))

    with pytest.raises(CredentialMissing):
        await value(broker_of({"TOKEN": {"vault": "kv/data/erp", "field": "token"}}, shelf))
    with pytest.raises(CredentialMissing):
        await value(broker_of({"TOKEN": {"vault": "kv/data/erp", "template": "{token}"}}, shelf))


async def test_what_has_no_lease_is_read_again_after_a_while():
    shelf = Shelf(kv_data_erp=Secret({"value": "one"}))
    broker = broker_of({"TOKEN": {"vault": "kv/data/erp"}}, shelf, cache_seconds=60)

    await value(broker)
    shelf.held["kv_data_erp"] = Secret({"value": "two"})
    shelf.now += 59
    kept = await value(broker)
    shelf.now += 2

    assert (kept, await value(broker)) == ("one", "two")
    assert len(shelf.reads) == 2


async def test_what_is_leased_is_handed_out_while_its_lease_outlasts_the_call():
    shelf = Shelf(database_creds_reader=leased(100))
    broker = broker_of({"TOKEN": {"vault": "database/creds/reader"}}, shelf, cache_seconds=0)

    first = await value(broker, seconds=30)
    shelf.now += 70
    in_time = await value(broker, seconds=30)
    shelf.now += 1
    later = await value(broker, seconds=30)

    assert (first, in_time, later) == ("made-1", "made-1", "made-2")


async def test_calls_at_once_ask_once():
    shelf = Shelf(kv_data_erp=Secret({"value": "one"}))
    broker = broker_of({"TOKEN": {"vault": "kv/data/erp"}}, shelf)

    await asyncio.gather(*(value(broker) for _ in range(20)))

    assert len(shelf.reads) == 1


async def test_of_a_vault_that_is_gone_those_who_wait_are_told_together():
    shelf = Shelf(kv_data_erp=Secret({"value": "one"}))
    shelf.failure = CredentialsUnavailable("gone")
    broker = broker_of({"TOKEN": {"vault": "kv/data/erp"}}, shelf)

    told = await asyncio.gather(*(value(broker) for _ in range(20)), return_exceptions=True)
    shelf.failure = None
    shelf.now += 2

    assert {str(one) for one in told} == {"gone"}
    assert len(shelf.reads) == 1
    assert await value(broker) == "one"


async def test_tenants_have_different_paths():
    shelf = Shelf(
        kv_data_acme_erp=Secret({"value": "a"}), kv_data_globex_erp=Secret({"value": "g"})
    )
    broker = broker_of({"TOKEN": {"vault": "kv/data/{tenant}/erp"}}, shelf)

    assert (await value(broker), await value(broker, "globex")) == ("a", "g")


async def test_how_much_is_kept_has_a_limit(monkeypatch):
    monkeypatch.setattr("services.tool_executor.adapters.credentials.broker.KEPT_LIMIT", 3)
    shelf = Shelf(**{f"kv_data_t{n}": Secret({"value": "x"}) for n in range(5)})
    broker = broker_of({"TOKEN": {"vault": "kv/data/{tenant}"}}, shelf)

    for n in range(5):
        await value(broker, f"t{n}")

    assert len(broker._kept) == 3


async def test_what_was_leased_is_given_back():
    shelf = Shelf(database_creds_reader=leased(100), kv_data_erp=Secret({"value": "x"}))
    broker = broker_of(
        {"TOKEN": {"vault": "database/creds/reader"}, "OTHER": {"vault": "kv/data/erp"}}, shelf
    )
    await broker.take(["TOKEN", "OTHER"], "acme", 1)

    await broker.close()

    assert shelf.closed_with == ("lease-2",)  # they are read in the order of names


async def test_no_value_is_in_a_text_that_is_made_of_it(tmp_path):
    (tmp_path / "token").write_text(CANARY)
    given = await broker_of({"TOKEN": {"file": str(tmp_path / "token")}}).take(["TOKEN"], "a", 1)

    texts = f"{given!r} {given} {Secret({'value': CANARY})!r}"

    assert CANARY not in texts
    assert given.redacted(f"cannot reach {CANARY}") == "cannot reach [redacted]"


SERVER = {"url": "https://vault.example", "token_file": "/run/token"}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"credentials": {"OTHER": {"env": "X"}}}, "no secrets and no server name it"),
        ({"credentials": {"TOKEN": {"vault": "kv/data/x"}}}, "vault: {url"),
        ({"credentials": {"TOKEN": {}}}, "env, file or vault"),
        ({"credentials": {"TOKEN": {"env": "X", "file": "/x"}}}, "one of them"),
        ({"credentials": {"TOKEN": []}}, "at least 1"),
        ({"credentials": {"TOKEN": {"file": "relative"}}}, "file"),
        ({"credentials": {"TOKEN": {"file": "/x", "field": "y"}}}, "are for vault"),
        ({"credentials": {"TOKEN": {"vault": "kv/../sys"}}, "vault": SERVER}, "vault is a path"),
        ({"credentials": {"TOKEN": {"vault": "/v1/kv"}}, "vault": SERVER}, "vault is a path"),
        ({"credentials": {"TOKEN": {"vault": "kv/x?y"}}, "vault": SERVER}, "vault is a path"),
        (
            {"credentials": {"TOKEN": {"vault": "kv/x", "template": "x"}}, "vault": SERVER},
            "template names no field",
        ),
        ({"vault": {"url": "https://vault.example"}}, "token_file or kubernetes"),
        ({"vault": {"url": "http://vault.example", "token_file": "/t"}}, "must be https"),
        ({"vault": {"url": "http://127.0.0.1.example", "token_file": "/t"}}, "must be https"),
        ({"vault": {"url": "https://u@vault.example", "token_file": "/t"}}, "url"),
    ],
)
def test_what_could_never_be_read_is_refused_at_the_start(said, told):
    with pytest.raises(ValidationError) as refused:
        ToolsFile.model_validate({"secrets": {"*": ["TOKEN"]}, **said})

    assert told in str(refused.value)


def test_a_variable_of_a_server_may_lie_anywhere_too():
    server = {
        "stdio": {"command": "x", "environment": ["TOKEN"]},
        "tools": {"t": {"effect": "read"}},
    }

    file = ToolsFile.model_validate(
        {"servers": {"x": server}, "credentials": {"TOKEN": {"file": str(Path("/run/token"))}}}
    )

    assert file.credentials["TOKEN"][0].file == "/run/token"
