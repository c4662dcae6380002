import asyncio
import gc

import pytest

from contracts.hearings import HEARINGS
from contracts.subjects import OBSERVER
from services.observer.handlers import Projector, hears, record
from services.observer.rules import project
from services.observer.store import MemoryProjection
from services.observer.tracing import Untold
from shared.bus import Heard
from shared.errors import LogUnavailable
from tests.histories import whole_run

FACTS = whole_run().facts


class Gate(MemoryProjection):
    """A store that commits when it is told to."""

    def __init__(self):
        super().__init__()
        self.open = asyncio.Event()

    async def apply(self, changes):
        await self.open.wait()
        await super().apply(changes)


class Choosy(MemoryProjection):
    """A store that cannot keep one fact."""

    async def apply(self, changes):
        if any(change.sequence == 2 for change in changes):
            raise ValueError("it cannot be kept")
        await super().apply(changes)


def test_every_fact_of_the_hearing_has_a_handler():
    (hearing,) = (one for one in HEARINGS if one.service == OBSERVER)

    assert set(hearing.types) <= set(hears.by_type)


async def test_facts_that_are_heard_together_are_one_transaction():
    store = MemoryProjection()
    projector = Projector(store, 256, 0.001)

    await asyncio.gather(*(record(Heard(fact), projector, Untold()) for fact in FACTS))

    assert store.batches == [len(FACTS)]
    assert store.run_rows["acme", "r-1"].status == "completed"


async def test_a_batch_is_no_larger_than_its_limit():
    store = MemoryProjection()
    projector = Projector(store, 4, 0)

    await asyncio.gather(*(projector.add(project(fact)) for fact in FACTS))

    assert max(store.batches) == 4


async def test_a_full_batch_does_not_wait_for_its_time():
    store = MemoryProjection()
    projector = Projector(store, 4, 3600)

    first = projector.add(project(FACTS[0]))
    await asyncio.sleep(0.01)
    others = [projector.add(project(fact)) for fact in FACTS[1:4]]
    await asyncio.wait_for(asyncio.gather(first, *others), 10)

    assert store.batches == [4]


async def test_what_comes_right_after_a_batch_is_written_with_what_follows():
    store = MemoryProjection()
    projector = Projector(store, 256, 0.5)
    await projector.add(project(FACTS[0]))

    later = []
    for fact in FACTS[1:4]:
        later.append(projector.add(project(fact)))
        await asyncio.sleep(0.05)
    await asyncio.gather(*later)

    assert store.batches == [1, 3]


async def test_a_handler_returns_only_after_the_commit():
    store = Gate()
    projector = Projector(store, 256, 0)

    handling = asyncio.create_task(record(Heard(FACTS[0]), projector, Untold()))
    await asyncio.sleep(0.02)
    assert not handling.done()
    store.open.set()
    await handling

    assert store.batches == [1]


@pytest.fixture
async def event_loop_errors():
    """What the event loop says of errors that nobody asked for."""
    said = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context))
    return said


async def test_what_cannot_be_stored_fails_alone():
    store = Choosy()
    projector = Projector(store, 256, 0)

    ended = await asyncio.gather(
        *(projector.add(project(fact)) for fact in FACTS[:3]), return_exceptions=True
    )

    assert [type(one) for one in ended] == [type(None), ValueError, type(None)]
    assert store.run_rows["acme", "r-1"].last_sequence == 3


@pytest.mark.parametrize("facts", [1, 3])
async def test_a_projector_serves_again_after_it_was_idle(facts):
    store = MemoryProjection()
    projector = Projector(store, 256, 0)

    for fact in FACTS[:facts]:
        await projector.add(project(fact))

    assert store.batches == [1] * facts


async def test_where_rows_and_spans_both_fail_neither_failure_is_left_unseen(event_loop_errors):
    class Away:
        async def note(self, fact):
            raise LogUnavailable(fact.run_id, 0, "no answer")

    class Broken(MemoryProjection):
        async def apply(self, changes):
            await asyncio.sleep(0)
            raise ConnectionError

    with pytest.raises((LogUnavailable, ConnectionError)):
        await record(Heard(FACTS[0]), Projector(Broken(), 256, 0), Away())
    await asyncio.sleep(0.02)
    gc.collect()

    assert event_loop_errors == []
