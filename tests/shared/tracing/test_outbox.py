"""The way out: what is taken, what is dropped and counted, and that nobody waits for long."""

import asyncio
import time

import pytest

from shared.metrics import DROPPED, EXPORTED
from shared.tracing.outbox import SIGNAL, Bounds, Outbox
from shared.tracing.trace import trace_of
from tests.histories import whole_run
from tests.integration.eventually import eventually
from tests.otlp import receiver
from tests.shared.tracing.traced import traced

SPANS = trace_of(traced(whole_run().facts))
QUICK = Bounds(queued_spans=3 * len(SPANS), export_seconds=0.3, wait_seconds=0.2, down_seconds=0.2)


@pytest.fixture
async def taking():
    async with receiver() as told:
        yield told


@pytest.fixture
async def outbox(taking):
    outbox = Outbox(taking.url, QUICK)
    yield outbox
    await outbox.close()


class Counted:
    def __init__(self, counter):
        self._value = counter.labels(SIGNAL)._value
        self._before = self._value.get()

    @property
    def more(self):
        return self._value.get() - self._before


async def test_spans_arrive_as_they_are(taking, outbox):
    exported = Counted(EXPORTED)

    await outbox.add(SPANS)

    assert {one.key for one in taking.spans} == {(one.trace_id, one.span_id) for one in SPANS}
    assert {one.service for one in taking.spans} == {f"interlock.{one.service}" for one in SPANS}
    assert exported.more == len(SPANS)


@pytest.mark.parametrize("mode", ["refuse", "hang"])
async def test_a_back_end_that_fails_costs_one_wait_and_then_none(taking, outbox, mode):
    dropped = Counted(DROPPED)
    taking.mode = mode

    await outbox.add(SPANS)
    await eventually(lambda: dropped.more)
    started = time.monotonic()
    await outbox.add(SPANS)

    assert time.monotonic() - started < QUICK.wait_seconds / 2
    assert dropped.more == 2 * len(SPANS)
    assert taking.spans == []


async def test_spans_flow_again_after_the_back_end_came_back(taking, outbox):
    taking.mode = "refuse"
    await outbox.add(SPANS)
    taking.mode = "take"

    await asyncio.sleep(QUICK.down_seconds)
    await outbox.add(SPANS)

    assert len(taking.spans) == len(SPANS)


async def test_no_more_is_kept_than_the_limit(taking, outbox):
    dropped = Counted(DROPPED)
    taking.mode = "hang"

    adding = [asyncio.create_task(outbox.add(SPANS)) for _ in range(10)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert outbox._queued <= QUICK.queued_spans
    assert dropped.more >= 6 * len(SPANS)
    await asyncio.gather(*adding)


async def test_nothing_is_sent_for_nothing(taking, outbox):
    await outbox.add(())

    assert taking.bodies == []
