"""The way out: what is taken, what is dropped and counted, and that nobody waits for long."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from shared.metrics import DROPPED, EXPORTED
from shared.telemetry.back_end import BackEnd
from shared.tracing.outbox import SIGNAL, Bounds, Outbox
from shared.tracing.trace import trace_of
from tests.histories import whole_run
from tests.integration.eventually import eventually
from tests.otlp import receiver
from tests.shared.tracing.traced import traced

SPANS = trace_of(traced(whole_run().facts))
FOREVER = 3_600.0  # whoever waits for it is stopped by the time-out of the test
QUICK = Bounds(queued_spans=3 * len(SPANS), export_seconds=0.3, wait_seconds=0.2, down_seconds=0.2)
PATIENT = replace(QUICK, export_seconds=FOREVER, wait_seconds=FOREVER, down_seconds=FOREVER)


@pytest.fixture
async def taking():
    async with receiver() as told:
        yield told


@asynccontextmanager
async def opened(url, bounds):
    outbox = Outbox(BackEnd(url), bounds)
    try:
        yield outbox
    finally:
        await outbox.close()


@pytest.fixture
async def outbox(taking):
    async with opened(taking.url, QUICK) as outbox:
        yield outbox


class Counted:
    def __init__(self, counter):
        self._value = counter.labels(SIGNAL)._value
        self._before = self._value.get()

    @property
    def more(self):
        return self._value.get() - self._before


def ids(spans):
    return {(one.trace_id, one.span_id) for one in spans}


async def test_spans_arrive_as_they_are(taking, outbox):
    exported = Counted(EXPORTED)

    await outbox.add(SPANS)

    assert {one.key for one in taking.spans} == ids(SPANS)
    assert {one.service for one in taking.spans} == {f"interlock.{one.service}" for one in SPANS}
    assert exported.more == len(SPANS)


async def test_nobody_waits_for_a_back_end_that_never_answers(taking):
    dropped = Counted(DROPPED)
    taking.mode = "hang"
    async with opened(taking.url, replace(QUICK, wait_seconds=0.01, export_seconds=1)) as outbox:
        await outbox.add(SPANS)

        assert dropped.more == 0  # it is still being tried


async def test_after_a_failure_spans_are_dropped_without_asking_again(taking):
    dropped = Counted(DROPPED)
    async with opened(taking.url, PATIENT) as outbox:
        taking.mode = "refuse"
        await outbox.add(SPANS)
        taking.mode = "hang"

        await outbox.add(SPANS)

    assert dropped.more == 2 * len(SPANS)
    assert taking.asked == 1


async def test_an_export_that_takes_too_long_is_a_failure(taking, outbox):
    dropped = Counted(DROPPED)
    taking.mode = "hang"

    await outbox.add(SPANS)

    await eventually(lambda: dropped.more == len(SPANS))


async def test_an_answer_that_trickles_in_is_a_failure_too(taking, outbox):
    dropped = Counted(DROPPED)
    taking.mode = "trickle"

    await outbox.add(SPANS)

    await eventually(lambda: dropped.more == len(SPANS))


async def test_spans_flow_again_after_the_back_end_came_back(taking, outbox):
    taking.mode = "refuse"
    await outbox.add(SPANS)
    taking.mode = "take"

    async with asyncio.timeout(10):
        while not taking.spans:
            await outbox.add(SPANS)
            await asyncio.sleep(0.01)

    assert {one.key for one in taking.spans} == ids(SPANS)


async def test_no_more_is_kept_than_the_limit(taking, outbox):
    dropped = Counted(DROPPED)
    taking.mode = "hang"

    adding = [asyncio.create_task(outbox.add(SPANS)) for _ in range(10)]
    await eventually(lambda: dropped.more >= 7 * len(SPANS))

    assert outbox._queued <= QUICK.queued_spans
    await asyncio.gather(*adding)


async def test_of_more_than_the_limit_as_much_goes_as_fits(taking):
    dropped = Counted(DROPPED)

    async with opened(taking.url, replace(PATIENT, queued_spans=5)) as outbox:
        await outbox.add(SPANS)

    assert {one.key for one in taking.spans} == ids(SPANS[:5])
    assert dropped.more == len(SPANS) - 5


async def test_many_spans_go_in_batches(taking):
    async with opened(taking.url, replace(PATIENT, batch_spans=4)) as outbox:
        await outbox.add(SPANS)

    assert {one.key for one in taking.spans} == ids(SPANS)
    assert taking.asked == -(-len(SPANS) // 4)


async def test_what_is_left_at_the_end_is_counted_as_dropped(taking):
    dropped = Counted(DROPPED)
    taking.mode = "hang"
    bounds = replace(QUICK, batch_spans=4, wait_seconds=0.0)

    async with opened(taking.url, bounds) as outbox:
        await outbox.add(SPANS)

    assert dropped.more == len(SPANS)


async def test_an_endpoint_that_is_no_address_drops_and_keeps_nobody():
    dropped = Counted(DROPPED)
    async with opened("http://[no", PATIENT) as outbox:
        await outbox.add(SPANS)

    assert dropped.more == len(SPANS)


async def test_nothing_is_sent_for_nothing(taking, outbox):
    await outbox.add(())

    assert taking.bodies == []
