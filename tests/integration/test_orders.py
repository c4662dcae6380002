"""Orders on a real server: signed by the console or ignored, known to who comes late, followed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from contracts.control import ControlOrdered
from contracts.subjects import CONSOLE, CONTROL, EXECUTOR, ORCHESTRATOR, ROUTER
from shared.errors import Again, LogUnavailable
from shared.order_log import KIND, LogOrders, open_order_log
from shared.orders import Orders, following_orders
from shared.service import Core
from shared.signing import load_signer
from tests.bodies import ordered
from tests.integration.eventually import eventually
from tests.integration.nats_platform import NatsPlatform

# Longer than any test: what is seen was told of, and not found by a later reading.
SELDOM_SECONDS = 30.0


async def console(platform: NatsPlatform) -> tuple[Core, LogOrders]:
    core = await platform.connect(CONSOLE)
    settings = platform.settings(CONSOLE)
    return core, await open_order_log(core.client, CONSOLE, core.keyring, settings)


@asynccontextmanager
async def following(
    platform: NatsPlatform, service: str, reload_seconds: float = SELDOM_SECONDS
) -> AsyncIterator[Orders]:
    core = await platform.connect(service)
    settings = platform.settings(service, orders_reload_seconds=reload_seconds)
    async with following_orders(core.client, service, core.keyring, settings) as orders:
        yield orders


def state(orders: Orders, tenant: str = "acme", agent: str = "support") -> str | None:
    order = orders.state_for(tenant, agent)
    return None if order is None else order.state


@pytest.mark.parametrize("service", [ORCHESTRATOR, ROUTER, EXECUTOR])
async def test_an_order_is_known_soon_after_it_was_given(nats_platform, service):
    _, log = await console(nats_platform)
    async with following(nats_platform, service) as orders:
        assert state(orders) is None

        await log.give(ordered("tenant", "acme", "stopped"))

        await eventually(lambda: state(orders) == "stopped")
        assert state(orders, tenant="other") is None


async def test_who_comes_late_knows_what_is_in_force(nats_platform):
    _, log = await console(nats_platform)
    await log.give(ordered("agent", "support", "stopped"))
    await log.give(ordered("agent", "support", "paused"))
    await log.give(ordered("platform", None, "paused"))
    await log.give(ordered("platform", None, "running"))

    async with following(nats_platform, ROUTER) as orders:
        assert [one.state for one in orders.covering("acme", "support")] == ["paused", "running"]
        assert state(orders) == "paused"
        assert state(orders, agent="sales") is None


async def test_a_lifted_order_lets_run_again(nats_platform):
    _, log = await console(nats_platform)
    async with following(nats_platform, EXECUTOR) as orders:
        await log.give(ordered("platform", None, "stopped"))
        await eventually(lambda: state(orders) == "stopped")

        await log.give(ordered("platform", None, "running"))

        await eventually(lambda: state(orders) is None)


@pytest.mark.parametrize("forgery", ["unsigned", "another_key", "another_scope", "nonsense"])
async def test_a_forged_order_lifts_nothing(nats_platform, forgery):
    """Put there by somebody with the rights of an administrator, but without the console's key."""
    _, log = await console(nats_platform)
    await log.give(ordered("platform", None, "stopped"))
    js = await nats_platform.jetstream()

    async with following(nats_platform, ROUTER, reload_seconds=1.0) as orders:
        await forge(nats_platform, js, forgery)
        await log.give(ordered("tenant", "other", "paused"))
        await eventually(lambda: state(orders, tenant="other", agent="x") == "stopped")
        await eventually(lambda: len(orders.covering("other", "x")) == 2)

        assert state(orders) == "stopped"
    async with following(nats_platform, ROUTER) as late:
        assert state(late) == "stopped"


async def test_what_cannot_be_believed_stops_a_scope_of_which_nothing_else_is_known(nats_platform):
    js = await nats_platform.jetstream()
    await js.publish("control.tenant.acme", b"{}")

    async with following(nats_platform, ROUTER) as orders:
        assert state(orders) == "stopped"
        assert state(orders, tenant="other") is None


async def test_an_order_that_the_server_stored_for_somebody_is_not_believed(nats_platform):
    """A direct get with the subject of an order for its reply: the server stores a true old one."""
    _, log = await console(nats_platform)
    js = await nats_platform.jetstream()
    # Without its message id, as once the server's window for duplicates has passed.
    old = KIND.encode(ordered("platform", None, "running"), CONSOLE, log.signer)
    headers = {name: text for name, text in old.headers.items() if name != "Nats-Msg-Id"}
    sequence = (await js.publish(old.subject, old.body, headers=headers)).seq
    await log.give(ordered("platform", None, "stopped"))
    thief = await nats_platform.client(ROUTER)
    request = f'{{"seq": {sequence}}}'.encode()

    await thief.publish(f"$JS.API.DIRECT.GET.{CONTROL}", request, reply="control.platform")
    await eventually(lambda: _messages(js, 3))

    async with following(nats_platform, EXECUTOR) as orders:
        assert state(orders) == "stopped"


async def test_orders_are_known_again_after_the_server_was_away(nats_platform):
    _, log = await console(nats_platform)
    async with following(nats_platform, ROUTER, reload_seconds=2.0) as orders:
        nats_platform.kill_server()

        async def given() -> bool:
            try:
                await log.give(ordered("platform", None, "stopped"))
            except LogUnavailable:
                return False
            return True

        await eventually(given, within_seconds=20)

        await eventually(lambda: state(orders) == "stopped", within_seconds=10)


async def test_orders_that_cannot_be_read_are_not_relied_upon(nats_platform):
    async with following(nats_platform, ROUTER, reload_seconds=0.1) as orders:
        js = await nats_platform.jetstream()
        await js.delete_stream(CONTROL)

        async def unsure() -> bool:
            try:
                orders.state_for("acme", "support")
            except Again:
                return True
            return False

        await eventually(unsure, within_seconds=15)


async def _messages(js, number: int) -> bool:
    return (await js.stream_info(CONTROL)).state.messages == number


async def forge(platform: NatsPlatform, js, forgery: str) -> None:
    lift: ControlOrdered = ordered("platform", None, "running")
    real = load_signer(platform.settings(CONSOLE).signing_key_file)
    other = load_signer(platform.settings(ORCHESTRATOR).signing_key_file)
    assert real is not None
    assert other is not None
    message = KIND.encode(lift, CONSOLE, other if forgery == "another_key" else real)
    headers, body = dict(message.headers), message.body
    match forgery:
        case "unsigned":
            del headers["ce-signature"]
        case "another_scope":
            elsewhere = KIND.encode(ordered("tenant", "acme", "running"), CONSOLE, real)
            headers, body = dict(elsewhere.headers), elsewhere.body
        case "nonsense":
            body = b"{"
    await js.publish("control.platform", body, headers=headers)
