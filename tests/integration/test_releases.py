"""Releases on a real server: known soon, signed by who may, and put beside what stops runs."""

from contextlib import asynccontextmanager

import pytest

from contracts.subjects import CONSOLE, EVALUATOR, GUARDRAIL, ORCHESTRATOR
from shared.errors import LogUnavailable, Stale
from shared.release_log import open_release_log
from shared.releases import following_releases
from tests.bodies import task
from tests.integration.eventually import eventually
from tests.releasing import asked, released, version

OLD, NEW = version("old"), version("new")
PRODUCTION, CANARY = released("production", OLD), released("canary", NEW, share_percent=99)
SELDOM_SECONDS = 30.0  # longer than any test: what is seen was told of


async def release_log(platform, service):
    core = await platform.connect(service)
    settings = platform.settings(service, publish_timeout_seconds=0.3)
    return await open_release_log(core.client, service, core.keyring, settings)


@asynccontextmanager
async def following(platform, service):
    core = await platform.connect(service)
    settings = platform.settings(service, orders_reload_seconds=SELDOM_SECONDS)
    async with following_releases(core.client, service, core.keyring, settings) as releases:
        yield releases


def versions(releases):
    """Which versions many runs are of; the canary's share is 99 of 100."""
    found = (releases.assign("acme", f"r-{one}", task()) for one in range(50))
    return {one.version for one in found if one is not None}


@pytest.mark.parametrize("service", [GUARDRAIL, ORCHESTRATOR, EVALUATOR])
async def test_a_release_is_known_soon_after_it_was_made(nats_platform, service):
    log = await release_log(nats_platform, CONSOLE)
    async with following(nats_platform, service) as releases:
        assert versions(releases) == set()

        await log.give(PRODUCTION)

        await eventually(lambda: versions(releases) == {OLD.version})
        assert releases.definition("support", OLD.version) == OLD


async def test_who_comes_late_knows_what_is_in_force_and_what_was(nats_platform):
    log = await release_log(nats_platform, CONSOLE)
    for one in (PRODUCTION, released("production", NEW), asked(OLD)):
        await log.give(one)

    async with following(nats_platform, GUARDRAIL) as releases:
        assert versions(releases) == {NEW.version}
        assert releases.definition("support", OLD.version) == OLD
    assert (await log.heads()).asked["support"].asked_by == "anna"


async def test_the_evaluator_takes_a_canary_away(nats_platform):
    log = await release_log(nats_platform, CONSOLE)
    evaluator = await release_log(nats_platform, EVALUATOR)
    await log.give(PRODUCTION)
    await log.give(CANARY)
    async with following(nats_platform, GUARDRAIL) as releases:
        assert NEW.version in versions(releases)

        await evaluator.give(released("canary", None, asked_by=EVALUATOR, approved_by=None))

        await eventually(lambda: versions(releases) == {OLD.version})


async def test_the_evaluator_makes_no_canary(nats_platform):
    log = await release_log(nats_platform, CONSOLE)
    evaluator = await release_log(nats_platform, EVALUATOR)
    await log.give(PRODUCTION)

    await evaluator.give(CANARY)

    assert (await log.heads()).head("support", "canary") is None


async def test_the_evaluator_cannot_even_publish_for_production(nats_platform):
    evaluator = await release_log(nats_platform, EVALUATOR)

    with pytest.raises(LogUnavailable):
        await evaluator.give(PRODUCTION)


async def test_what_nobody_signed_changes_nothing(nats_platform):
    log = await release_log(nats_platform, CONSOLE)
    await log.give(PRODUCTION)
    js = await nats_platform.jetstream()

    forged = released("production", NEW).model_dump_json(exclude_none=True).encode()
    await js.publish(PRODUCTION.subject, forged)
    await js.publish(PRODUCTION.subject, b"{")

    assert (await log.heads()).head("support", "production") == PRODUCTION


async def test_what_was_judged_is_said_only_while_nobody_says_anything_else_of_the_agent(
    nats_platform,
):
    log = await release_log(nats_platform, CONSOLE)
    await log.give(PRODUCTION, 0)
    judged = (await log.heads()).sequences["support"]
    await log.give(CANARY)

    with pytest.raises(Stale):
        await log.give(released("production", NEW), judged)

    heads = await log.heads()
    assert heads.version("support", "production") == OLD.version
    await log.give(released("production", NEW), heads.sequences["support"])
    assert (await log.heads()).version("support", "production") == NEW.version
