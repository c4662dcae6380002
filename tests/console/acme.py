"""A console with everything that a tenant may have, and keys of it, of another, and of all."""

import json
from datetime import timedelta

import pytest

from contracts.access import KeyCreated
from services.console.adapters import MemoryHistory
from services.console.rules.api_keys import digest_of, written_key
from services.console.store.erasures import Asked
from services.observer.rules import project
from tests.bodies import NOON, ordered
from tests.console.evaluated import evaluated
from tests.console.stories import asked_run
from tests.console.test_lineage import SIGNERS

MARK = "acme"
SOMEBODY = "somebody@example.org"
OURS_KEY = written_key("k-ours", "o" * 43)
OTHERS_KEY = written_key("k-other", "s" * 43)
PLATFORM_KEY = written_key("k-all", "a" * 43)
SCHEDULES = {
    "schedules": [
        {
            "name": "nightly",
            "cron": "0 7 * * *",
            "tenant": MARK,
            "task": {"agent": "support", "input": "What is open?"},
        }
    ]
}


def key(whole: str, tenants: tuple[str, ...]) -> KeyCreated:
    name = whole.split("_")[1]
    return KeyCreated(
        key_id=name,
        sha256=digest_of(whole),
        principal=SOMEBODY,
        roles=("admin", "operator", "approver", "support-lead"),
        tenants=tenants,
        expires_at=NOON + timedelta(days=1),
        created_by=SOMEBODY,
        at=NOON,
        nonce=name,
    )


@pytest.fixture
async def ours(desk, bus, take, settings, tmp_path):
    """A run of acme with an open question, its rows, an erasure, a schedule, money, and keys."""
    history, _ = asked_run()
    bus.clock.advance((NOON - bus.clock.now()).total_seconds())
    take(history)
    desk.history = MemoryHistory(bus.facts, SIGNERS)
    rows = [change for fact in history.facts for change in project(fact)]
    await desk.store.apply([*rows, *evaluated("seen", begun=NOON)])
    desk.store.costs = [{"tenant": MARK, "agent": "support", "cost_micro_usd": 240}]
    await desk.erasures.ask(Asked("delete", MARK, "asked to", "anna@example.org", "r-1"))
    await desk.orders.give(ordered("tenant", MARK, "paused"))
    await desk.keys.give(key(written_key("k-acme", "nobody-has-it"), (MARK,)))
    await desk.keys.give(key(OURS_KEY, (MARK,)))
    await desk.keys.give(key(OTHERS_KEY, ("other",)))
    await desk.keys.give(key(PLATFORM_KEY, ()))
    (tmp_path / "schedules.yaml").write_text(json.dumps(SCHEDULES))
    desk.settings = settings.model_copy(update={"config_dir": tmp_path})
