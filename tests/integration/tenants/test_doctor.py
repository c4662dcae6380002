"""The doctor of a deployment that names tenants: it knows their users, copies and consumers."""

import pytest

from contracts.subjects import EXECUTOR, RUNS
from contracts.tenancy import copy_of, user_of
from infra.doctor.consumers import look_at_consumers
from infra.doctor.installation import Installation
from infra.doctor.permissions import look_at_permissions
from infra.doctor.streams import look_at_streams
from infra.generate.permissions import users
from infra.streams import ensure_streams
from tests.integration.tenants.conftest import TENANTS

ACME = user_of(EXECUTOR, "acme")


@pytest.fixture
async def installation(named) -> Installation:
    await ensure_streams(await named.jetstream(), tenants=TENANTS)
    told = {"INTERLOCK_NATS_URL": named.server.url, "INTERLOCK_TENANTS": ",".join(TENANTS)}
    return Installation.found(named.home, told)


async def test_every_user_of_a_tenant_may_say_its_own_there_and_nothing_elsewhere(installation):
    found = {one.name: one for one in await look_at_permissions(installation)}

    assert set(found) == {user.name for user in users(TENANTS)}
    assert {one.state for one in found.values()} == {"ok"}


async def test_copies_are_streams_of_ours_and_their_consumers_are_looked_after(installation):
    streams = {one.name: one.state for one in await look_at_streams(installation)}
    consumers = await look_at_consumers(installation)

    assert set(streams.values()) == {"ok"}
    assert {copy_of(tenant) for tenant in TENANTS} <= set(streams)
    # Nobody runs here, so each consumer is told to be heard by nobody, and no other is missed.
    names = {one.name.removesuffix(" hearing") for one in consumers}
    assert f"{copy_of('acme')}/{ACME}" in names
    assert f"{RUNS}/{EXECUTOR}" not in names
    assert all(one.name.endswith(" hearing") for one in consumers)
    [acme] = [one for one in consumers if ACME in one.name]
    assert "start it: python -m services.tool_executor" in acme.remedy
