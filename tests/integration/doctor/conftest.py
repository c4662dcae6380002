"""The doctor beside a real nats-server and a real PostgreSQL, which its tests then break."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from infra.doctor.check import Check, Look
from infra.doctor.finding import Finding
from infra.doctor.installation import Installation
from infra.streams import ensure_streams
from tests.integration.nats_platform import NatsPlatform

LIMIT_SECONDS = 20.0

Amiss = Callable[..., Awaitable[dict[str, Finding]]]


@pytest.fixture
async def engine(nats_platform: NatsPlatform) -> NatsPlatform:
    """With the streams and consumers of a release, not those that tests make for speed."""
    await ensure_streams(await nats_platform.jetstream())
    return nats_platform


@pytest.fixture
def installation(engine: NatsPlatform) -> Installation:
    """What the doctor is told of it."""
    found = Installation.found(engine.home, {"INTERLOCK_NATS_URL": engine.server.url})
    urls = (engine.server.monitoring_url,)
    return replace(found, kind="platform", monitoring_urls=urls, durability="fast")


@pytest.fixture
def amiss(installation: Installation) -> Amiss:
    """By name, what a look finds that is not well."""

    async def look(what: Look, **changes: object) -> dict[str, Finding]:
        check = Check("looked", what, LIMIT_SECONDS)
        findings = await check.findings(replace(installation, **changes))
        assert all(one.remedy for one in findings if one.state in ("warn", "fail"))
        return {one.name: one for one in findings if one.state != "ok"}

    return look
