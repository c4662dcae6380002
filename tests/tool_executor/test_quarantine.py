"""A tool that is not what was pinned runs no call, until an operator releases this very one."""

from dataclasses import replace

import pytest
from prometheus_client import REGISTRY

from contracts.control import ControlOrdered
from contracts.pins import pin_of
from contracts.tool import ToolClaimed, ToolFailed
from services.tool_executor.metrics import watch_quarantine
from shared.errors import Again
from shared.orders import FixedOrders
from tests.bodies import NOON
from tests.tool_executor.test_handlers import DOUBLE, Bench

MANIFEST = DOUBLE.manifest
AS_IT_WAS = {"double": pin_of(MANIFEST.model_copy(update={"description": "Doubles."}))}


def order(state="running", **more):
    named = {"scope": "tool", "name": "double", "state": state, "principal": "anna"}
    return ControlOrdered.model_validate({**named, "at": NOON, "nonce": "n", **more})


def level(pins, orders):
    watch_quarantine([MANIFEST], pins, orders)
    return REGISTRY.get_sample_value("interlock_tools_quarantined", {"tool": "double"})


async def heard(pins, *orders):
    bench = Bench()
    bench.desk = replace(bench.desk, pins=pins, orders=FixedOrders(orders))
    await bench.hear()
    return bench


async def test_a_changed_tool_runs_no_call_and_the_refusal_names_it():
    bench = await heard(AS_IT_WAS)

    (claim,) = bench.bus.bodies(ToolClaimed)
    (failed,) = bench.bus.bodies(ToolFailed)
    assert (claim.state, failed.kind) == ("revoked", "refused")
    assert "double is not what was pinned: its description changed" in failed.reason
    assert "in quarantine until an operator releases it" in failed.reason
    assert bench.runner.ran == []


@pytest.mark.parametrize("pins", [None, {"double": pin_of(MANIFEST)}])
async def test_a_tool_as_it_was_pinned_runs_and_so_does_every_one_where_nothing_is(pins):
    bench = await heard(pins)

    assert bench.said() == ["tool.claimed", "tool.succeeded"]


async def test_what_an_operator_looked_at_and_released_runs():
    bench = await heard(AS_IT_WAS, order(pin_sha256=pin_of(MANIFEST).sha256))

    assert bench.said() == ["tool.claimed", "tool.succeeded"]


@pytest.mark.parametrize("pin", [None, "0" * 64])
async def test_an_order_about_another_pin_or_none_releases_nothing(pin):
    bench = await heard(AS_IT_WAS, order(pin_sha256=pin))

    assert bench.runner.ran == []


async def test_a_stopped_tool_runs_no_call_also_as_it_was_pinned():
    bench = await heard({"double": pin_of(MANIFEST)}, order("stopped", reason="a leak"))

    (failed,) = bench.bus.bodies(ToolFailed)
    assert failed.reason == "the tool double is stopped by anna: a leak"


async def test_an_order_about_one_tool_stops_no_other():
    bench = await heard(None, order("stopped", name="other"))

    assert bench.said() == ["tool.claimed", "tool.succeeded"]


def test_quarantine_is_a_metric_until_it_is_released():
    assert level(AS_IT_WAS, FixedOrders()) == 1
    assert level(AS_IT_WAS, FixedOrders((order(pin_sha256=pin_of(MANIFEST).sha256),))) == 0
    assert level(None, FixedOrders()) == 0


class Unread(FixedOrders):
    def for_tool(self, name):
        raise Again("nobody knows")


def test_where_nobody_can_tell_it_counts_as_held():
    assert level(AS_IT_WAS, Unread()) == 1
    assert level(None, Unread()) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "paused"},
        {"state": "stopped", "pin_sha256": "0" * 64},
        {"scope": "agent", "pin_sha256": "0" * 64},
        {"name": None},
    ],
)
def test_an_order_for_a_tool_that_means_nothing_is_none(wrong):
    with pytest.raises(ValueError, match=r"tool|name"):
        order(**wrong)


def test_an_order_for_a_tool_is_about_no_run():
    assert not order("stopped").covers("double", "double")
