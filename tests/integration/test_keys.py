"""API keys on a real server: known to every console, written once, and nobody else's to make."""

from datetime import timedelta

import pytest

from contracts.access import KeyCreated, KeyRevoked
from contracts.audit import LetterDiscarded
from contracts.subjects import CONSOLE, EXECUTOR, OBSERVER
from services.console.audit_log import open_audit
from services.console.key_log import encoded, following_keys
from shared.errors import LogError, LogRefused
from shared.signing import load_signer
from shared.storing import store
from tests.bodies import NOON
from tests.integration.eventually import eventually

# Longer than any test: what is seen was told of, and not found by a later reading.
SELDOM_SECONDS = 30.0
LATER = NOON + timedelta(days=1)


def created(**changes):
    known = {
        "key_id": "k-1",
        "sha256": "0" * 64,
        "principal": "service:bot",
        "roles": ("viewer",),
        "expires_at": LATER,
        "created_by": "ada@example.org",
        "at": NOON,
        "nonce": "n-1",
    }
    return KeyCreated.model_validate({**known, **changes})


REVOKED = KeyRevoked(key_id="k-1", principal="ada@example.org", at=NOON, nonce="n-2")


def following(platform, core):
    settings = platform.settings(CONSOLE, orders_reload_seconds=SELDOM_SECONDS)
    return following_keys(core.client, core.keyring, settings)


async def test_a_key_is_known_to_every_console_and_so_is_its_end(nats_platform):
    one, two = [await nats_platform.connect(CONSOLE) for _ in range(2)]
    async with following(nats_platform, one) as here, following(nats_platform, two) as there:
        await here.give(created())
        assert here.book().in_force("k-1", NOON) == created()
        await eventually(lambda: there.book().in_force("k-1", NOON) is not None)

        await there.give(REVOKED)

        assert there.book().in_force("k-1", NOON) is None
        await eventually(lambda: here.book().in_force("k-1", NOON) is None)


async def test_who_comes_late_knows_which_keys_were_revoked(nats_platform):
    core = await nats_platform.connect(CONSOLE)
    async with following(nats_platform, core) as keys:
        await keys.give(created())
        await keys.give(created(key_id="k-2"))
        await keys.give(REVOKED)

    async with following(nats_platform, await nats_platform.connect(CONSOLE)) as keys:
        found = [keys.book().in_force(name, NOON) is not None for name in ("k-1", "k-2")]

    assert found == [False, True]


async def test_a_key_is_written_once(nats_platform):
    core = await nats_platform.connect(CONSOLE)
    async with following(nats_platform, core) as keys:
        await keys.give(created())

        with pytest.raises(LogRefused):
            await keys.give(created(roles=("operator",), nonce="n-3"))

        assert keys.book().in_force("k-1", NOON).roles == ("viewer",)


@pytest.mark.parametrize("service", [EXECUTOR, OBSERVER])
async def test_nobody_but_the_console_makes_a_key(nats_platform, service):
    core = await nats_platform.connect(service)
    signer = load_signer(nats_platform.settings(CONSOLE).signing_key_file)

    with pytest.raises(LogError):
        await store(
            core.client.jetstream(),
            encoded(created(), signer),
            timeout_seconds=0.2,
            patience_seconds=0.2,
        )


async def test_deeds_are_read_again_in_the_order_in_which_they_were_noted(nats_platform):
    core = await nats_platform.connect(CONSOLE)
    trail = await open_audit(core.client, core.keyring, nats_platform.settings(CONSOLE))
    deeds = [
        LetterDiscarded(number=number, principal="ada", at=NOON, nonce=f"n-{number}")
        for number in (1, 2, 3)
    ]
    for deed in deeds:
        await trail.note(deed)

    assert await trail.newest(100) == deeds
    assert await trail.newest(2) == deeds[1:]
