"""Runs of several tenants as their owners say them, on a real server."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from contracts.envelope import Fact, encode
from contracts.shape import Body
from contracts.subjects import kind_of
from contracts.tenancy import copy_of
from contracts.tool import manifest_of
from infra.bench.tools import instant
from shared.signing import load_signer
from tests.bodies import tool_cleared, tool_requested
from tests.histories import History
from tests.integration.eventually import eventually
from tests.integration.nats_platform import NatsPlatform

INSTANT = manifest_of(instant)


def with_cleared_call(tenant: str = "acme", run_id: str = "r-1") -> History:
    """A run in which one call may start now."""
    history = History(tenant, run_id)
    history.begin(INSTANT)
    responded = history.step(calls=[("instant", '{"x": 21}')])
    asked = tool_requested(1, 1, responded.body.tool_calls[0])
    asked = asked.model_copy(update={"manifest_sha256": INSTANT.sha256})
    requested = history.say(asked, responded)
    soon = datetime.now(UTC) + timedelta(hours=1)
    history.say(tool_cleared(asked).model_copy(update={"expires_at": soon}), requested)
    return history


async def store(platform: NatsPlatform, *facts: Fact[Body]) -> list[int]:
    """Say facts as their owners do; where they lie in the log."""
    js, places = await platform.jetstream(), []
    for fact in facts:
        seed = platform.home.keys / f"{kind_of(fact.type).owner}.seed"
        message = encode(replace(fact, sequence=0), load_signer(seed if seed.exists() else None))
        stored = await js.publish(message.subject, message.body, headers=message.headers)
        places.append(stored.seq)
    return places


async def store_mixed(platform: NatsPlatform, *histories: History) -> list[int]:
    """Facts of several runs in turn, as they come when all are under way; where the last lie."""
    places: list[int] = []
    for facts in zip(*(history.facts for history in histories), strict=True):
        places = await store(platform, *facts)
    for history in histories:
        await eventually(partial(has_copied, platform, history))
    return places


async def has_copied(platform: NatsPlatform, history: History) -> bool:
    """Whether all of a run is in the copy: a copy is behind the log by a moment."""
    js = await platform.jetstream()
    return (await js.stream_info(copy_of(history.tenant))).state.messages >= len(history.facts)
