"""Nobody speaks for another person: people make their own keys, the first one on an invitation."""

from datetime import timedelta

import pytest

from contracts.access import KeyCreated
from services.console.api.people import Person
from tests.bodies import NOON
from tests.console.conftest import as_

ADA = Person(principal="ada@example.org", roles=("admin",))
IAN = Person(principal="ian@example.org", roles=("admin",), tenants=("acme", "third"))
BEA = {"principal": "bea@example.org", "roles": ["approver", "support-lead"], "tenants": ["acme"]}


@pytest.fixture(autouse=True)
def admins(desk, api):
    desk.people = {**desk.people, "ada-token": ADA, "ian-token": IAN}
    api.headers.update(as_("ada-token"))


async def invited(api, **changes):
    answer = await api.post("/keys/invitations", json={**BEA, **changes})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def own(api, shown, **wanted):
    return await api.post("/keys/own", json=wanted, headers=as_(shown["key"]))


@pytest.mark.parametrize("principal", ["bea@example.org", "services:bea", "ada@example.org"])
async def test_an_admin_makes_no_key_in_the_name_of_a_person(api, desk, principal):
    answer = await api.post("/keys", json={**BEA, "principal": principal, "roles": ["viewer"]})

    assert (answer.status_code, answer.json()["where"]) == (403, "principal")
    assert not desk.keys.given


@pytest.mark.parametrize("role", ["approver", "admin", "support-lead"])
async def test_a_service_gets_no_role_that_decides(api, desk, role):
    new = {"principal": "service:bot", "roles": ["operator", role]}

    answer = await api.post("/keys", json=new)

    assert (answer.status_code, answer.json()["where"]) == (422, "roles")
    assert not desk.keys.given


async def test_who_is_invited_makes_a_key_of_their_own(api, desk):
    key = (await own(api, await invited(api))).json()

    me = (await api.get("/me", headers=as_(key["key"]))).json()
    assert (me["principal"], me["roles"]) == (BEA["principal"], BEA["roles"])
    made = desk.keys.given[-1]
    assert (made.created_by, made.invited_by) == (BEA["principal"], "ada@example.org")


async def test_an_invitation_opens_nothing_else(api):
    shown = await invited(api, roles=["admin"])

    for call in ("/me", "/keys", "/runs"):
        answer = await api.get(call, headers=as_(shown["key"]))
        assert (answer.status_code, "was invited" in answer.text) == (403, True)


async def test_an_invitation_is_used_once(api):
    shown = await invited(api)
    await own(api, shown)

    assert (await own(api, shown)).status_code == 401


async def test_of_two_who_come_with_one_invitation_one_gets_a_key(api, desk):
    shown = await invited(api)
    await own(api, shown)
    # As at a replica that has not heard yet that it ended.
    del desk.keys.known.revoked[shown["key_id"]]
    before = len(desk.keys.given)

    answer = await own(api, shown)

    assert answer.is_server_error
    assert len(desk.keys.given) == before


async def test_an_invitation_ends_after_three_days(api, bus):
    shown = await invited(api)

    bus.clock.advance(timedelta(days=3).total_seconds())

    assert (await own(api, shown)).status_code == 401


@pytest.mark.parametrize("principal", ["bea@example.org", " Bea@Example.org", "anna@example.org"])
async def test_nobody_who_can_come_in_is_invited(api, principal):
    await own(api, await invited(api))

    answer = await api.post("/keys/invitations", json={**BEA, "principal": principal})

    assert answer.status_code == 409


async def test_nobody_is_invited_to_more_than_whoever_invites_them_reaches(api, desk):
    answer = await api.post(
        "/keys/invitations", json={**BEA, "tenants": []}, headers=as_("ian-token")
    )

    assert answer.status_code == 403
    assert not desk.keys.given


@pytest.mark.parametrize(
    "wanted", [{"roles": ["approver", "admin"]}, {"tenants": ["acme", "other"]}]
)
async def test_nobody_makes_themselves_a_key_for_more_than_they_have(api, desk, wanted):
    key = (await own(api, await invited(api))).json()
    before = len(desk.keys.given)

    answer = await own(api, key, **wanted)

    assert answer.status_code == 403
    assert len(desk.keys.given) == before


async def test_a_key_of_ones_own_may_do_less(api):
    key = (await own(api, await invited(api, tenants=["acme", "other"]))).json()

    less = (await own(api, key, roles=["approver"], tenants=["acme"], days=1)).json()

    assert (less["roles"], less["tenants"], less["by_key"]) == (
        ["approver"],
        ["acme"],
        key["key_id"],
    )


async def test_a_service_makes_no_key(api):
    bot = await api.post("/keys", json={"principal": "service:bot", "roles": ["operator"]})

    answer = await own(api, bot.json())

    assert (answer.status_code, "is a service" in answer.text) == (403, True)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"principal": "bea@example.org"}, "made by that person"),
        ({"principal": "service:bot", "roles": ("approver",)}, "no roles but viewer, operator"),
    ],
)
def test_no_such_key_can_be_written(changes, reason):
    known = {
        "key_id": "k",
        "sha256": "0" * 64,
        "roles": ("viewer",),
        "expires_at": NOON + timedelta(days=1),
        "created_by": "ada@example.org",
        "at": NOON,
        "nonce": "n",
    }

    with pytest.raises(ValueError, match=reason):
        KeyCreated.model_validate({**known, **changes})
