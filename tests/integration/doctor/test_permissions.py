"""On a real server: keys that do not open it, and users who may too little or too much."""

import re

from nats.errors import ConnectionClosedError

from contracts.subjects import LEDGER, ROUTER, RUNS
from infra.doctor import permissions
from infra.doctor.permissions import look_at_permissions
from infra.generate.permissions import USERS


async def test_a_key_that_the_server_does_not_know_does_not_connect(amiss, engine):
    from infra.platform.home import Home
    from infra.platform.nats_identity import ensure_nats_users

    other = Home(engine.home.path / "other")
    other.create()
    swapped = ensure_nats_users(other, [LEDGER])[LEDGER].seed_file
    (engine.home.keys / f"{LEDGER}.nkey").write_text(swapped.read_text())

    found = await amiss(look_at_permissions)

    assert list(found) == [LEDGER]
    assert "does not let it in" in found[LEDGER].detail


async def test_a_file_that_is_no_key_does_not_connect_and_leaves_nothing_open(amiss, engine):
    (engine.home.keys / f"{LEDGER}.nkey").write_text("not a key\n")

    assert list(await amiss(look_at_permissions)) == [LEDGER]


async def test_keys_that_were_swapped_between_services_are_found_by_what_they_may(amiss, engine):
    ledger, router = (engine.home.keys / f"{name}.nkey" for name in (LEDGER, ROUTER))
    mine, theirs = ledger.read_text(), router.read_text()
    ledger.write_text(theirs)
    router.write_text(mine)

    found = await amiss(look_at_permissions)

    assert set(found) == {LEDGER, ROUTER}
    assert "may not say model.funded, which is its own" in found[LEDGER].detail


async def test_a_user_who_may_do_too_much_is_found_and_nothing_is_stored(amiss, engine):
    infra = engine.home.keys / "infra.nkey"
    (engine.home.keys / "evaluator.nkey").write_text(infra.read_text())
    js = await engine.jetstream()

    found = await amiss(look_at_permissions)

    assert re.search(r"may say \S+, which only \w+ may", found["evaluator"].detail)
    assert (await js.stream_info(RUNS)).state.messages == 0


async def test_without_an_answer_nobody_is_said_to_have_a_permission(amiss, monkeypatch):
    async def lost(*_):
        raise ConnectionClosedError

    monkeypatch.setattr(permissions, "_passes", lost)

    found = await amiss(look_at_permissions)

    assert {one.state for one in found.values()} == {"fail"}
    assert all("neither a refusal nor an answer" in one.detail for one in found.values())


async def test_no_user_is_left_out(amiss, installation):
    names = {one.name for one in await look_at_permissions(installation)}

    assert names == set(USERS)
