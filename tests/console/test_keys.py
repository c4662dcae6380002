"""API keys over HTTP: made, shown once, kept as a digest, and ended."""

import hashlib
from datetime import timedelta

import pytest

from contracts.access import KeyCreated, KeyRevoked
from services.console.api.people import Person
from tests.console.conftest import as_

ADA = Person(principal="ada@example.org", roles=("admin",))
IAN = Person(principal="ian@example.org", roles=("admin",), tenants=("acme", "third"))
NEW = {"principal": "service:bot", "roles": ["operator"], "tenants": ["acme"]}


@pytest.fixture(autouse=True)
def admins(desk, api):
    desk.people = {**desk.people, "ada-token": ADA, "ian-token": IAN}
    api.headers.update(as_("ada-token"))


async def made(api, **changes):
    answer = await api.post("/keys", json={**NEW, **changes})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_key_opens_for_whom_it_was_made(api):
    key = await made(api)

    me = (await api.get("/me", headers=as_(key["key"]))).json()

    assert me == {
        "principal": "service:bot",
        "roles": ["operator"],
        "tenant": "acme",
        "tenants": ["acme"],
        "key_id": key["key_id"],
    }


async def test_a_key_is_shown_once_and_kept_as_a_digest(api, desk):
    key = await made(api)

    (given,) = desk.keys.given
    assert given.sha256 == hashlib.sha256(key["key"].encode()).hexdigest()
    secret = key["key"].rpartition("_")[2]
    assert secret not in given.model_dump_json()
    assert secret not in (await api.get("/keys")).text


async def test_two_keys_have_nothing_in_common(api):
    one, two = await made(api), await made(api)

    assert len({one["key"], two["key"], one["key_id"], two["key_id"]}) == 4
    assert len(one["key"]) > 60


async def test_who_made_a_key_stands_beside_it(api, desk):
    first = (await api.post("/keys/own", json={})).json()
    await api.post("/keys", json=NEW, headers=as_(first["key"]))

    by_token, by_key = desk.keys.given
    assert (by_token.created_by, by_token.by_key) == ("ada@example.org", None)
    assert (by_key.created_by, by_key.by_key) == ("ada@example.org", first["key_id"])


@pytest.mark.parametrize("wrong", ["secret", "id", "nothing"])
async def test_a_key_with_anything_wrong_in_it_opens_nothing(api, wrong):
    key = (await made(api))["key"]
    mark, key_id, secret = key.split("_", 2)
    others = {
        "secret": f"{mark}_{key_id}_{'A' * len(secret)}",
        "id": f"{mark}_{'0' * len(key_id)}_{secret}",
        "nothing": f"{mark}_{key_id}_",
    }

    answer = await api.get("/me", headers=as_(others[wrong]))

    assert answer.status_code == 401


async def test_a_digest_is_not_the_key(api, desk):
    key = await made(api)
    digest = desk.keys.given[0].sha256

    answer = await api.get("/me", headers=as_(f"ilk_{key['key_id']}_{digest}"))

    assert answer.status_code == 401


async def test_a_revoked_key_opens_nothing(api, desk):
    key = await made(api)

    ended = await api.post(f"/keys/{key['key_id']}/revoke", json={"reason": "it leaked"})

    assert (ended.status_code, ended.json()["state"]) == (202, "revoked")
    assert (await api.get("/me", headers=as_(key["key"]))).status_code == 401
    told = desk.keys.given[-1]
    assert isinstance(told, KeyRevoked)
    assert (told.principal, told.reason) == ("ada@example.org", "it leaked")


async def test_a_key_is_revoked_once(api):
    key = await made(api)
    await api.post(f"/keys/{key['key_id']}/revoke")

    assert (await api.post(f"/keys/{key['key_id']}/revoke")).status_code == 409


async def test_an_expired_key_opens_nothing(api, bus):
    key = await made(api, days=2)
    bus.clock.advance(timedelta(days=2).total_seconds() - 1)
    assert (await api.get("/me", headers=as_(key["key"]))).status_code == 200

    bus.clock.advance(1)

    assert (await api.get("/me", headers=as_(key["key"]))).status_code == 401
    (listed,) = (await api.get("/keys")).json()
    assert listed["state"] == "expired"


@pytest.mark.parametrize("tenants", [[], ["other"], ["acme", "other"]])
async def test_nobody_makes_a_key_that_reaches_further_than_they_do(api, desk, tenants):
    answer = await api.post("/keys", json={**NEW, "tenants": tenants}, headers=as_("ian-token"))

    assert answer.status_code == 403
    assert not desk.keys.given


async def test_keys_of_others_are_not_seen_or_revoked_within_a_tenant(api):
    own, other, everywhere = (
        await made(api),
        await made(api, tenants=["other"]),
        await made(api, tenants=[]),
    )

    listed = (await api.get("/keys", headers=as_("ian-token"))).json()

    assert [one["key_id"] for one in listed] == [own["key_id"]]
    for key in (other, everywhere):
        path = f"/keys/{key['key_id']}/revoke"
        assert (await api.post(path, headers=as_("ian-token"))).status_code == 404


async def test_a_key_that_would_open_nothing_is_not_made(api):
    answer = await api.post("/keys", json={**NEW, "roles": ["support-lead"]})

    assert answer.status_code == 422
    assert "viewer, operator, approver, admin" in answer.text


async def test_there_is_an_end_to_keys(api, desk):
    desk.settings = desk.settings.model_copy(update={"keys_limit": 1})
    await made(api)

    answer = await api.post("/keys", json=NEW)

    assert (answer.status_code, answer.json()["where"]) == (413, "keys_limit")


async def test_a_key_of_several_tenants_says_which_it_means(api):
    key = await made(api, tenants=["acme", "other"])

    unsaid = await api.get("/runs", headers=as_(key["key"]))
    said = await api.get("/runs", params={"tenant": "other"}, headers=as_(key["key"]))
    beyond = await api.get("/runs", params={"tenant": "third"}, headers=as_(key["key"]))

    assert (unsaid.status_code, said.status_code, beyond.status_code) == (422, 200, 403)
    assert "say which" in unsaid.text


def test_a_key_expires_after_it_was_made(desk):
    now = desk.bus.clock.now()

    with pytest.raises(ValueError, match="expires after it was made"):
        KeyCreated(
            key_id="k",
            sha256="0" * 64,
            principal="a",
            roles=("viewer",),
            expires_at=now,
            created_by="b",
            at=now,
            nonce="n",
        )
