"""Live traces: every span once, whoever heard what, in any order, and however often."""

import asyncio
import random
from collections import Counter

import pytest

from services.observer.tracing import HEARD_TYPES, LiveTracer, Untold
from shared.tracing.capture import NOTHING
from shared.tracing.trace import trace_of
from tests.histories import whole_run
from tests.shared.tracing.traced import traced


class Log:
    """The facts of one run; counts how often it is read."""

    def __init__(self, facts):
        self.known = facts
        self.reads = 0

    async def facts(self, tenant, run_id, after=0):
        self.reads += 1
        await asyncio.sleep(0)
        return [fact for fact in self.known if fact.sequence > after]


class Exported:
    def __init__(self):
        self.spans = []

    async def add(self, spans):
        self.spans += spans


def tracer(log, exported, gather=0.0, cached=8):
    return LiveTracer(log, exported, NOTHING, gather_seconds=gather, cached_runs=cached)


def heard(facts):
    return [fact for fact in facts if fact.type in HEARD_TYPES]


@pytest.fixture
def facts():
    return traced(whole_run().facts)


async def test_what_was_heard_is_told_as_it_would_be_told_again(facts):
    log, exported = Log(facts), Exported()
    live = tracer(log, exported)

    for fact in heard(facts):
        await live.note(fact)

    assert sorted(exported.spans, key=repr) == sorted(trace_of(facts), key=repr)


async def test_what_comes_together_is_read_once(facts):
    log, exported = Log(facts), Exported()
    live = tracer(log, exported, gather=0.01)

    await asyncio.gather(*(live.note(fact) for fact in heard(facts)))

    assert log.reads == 1
    assert len(exported.spans) == len(trace_of(facts))


async def test_facts_that_come_while_others_are_read_are_told_too(facts):
    log, exported = Log([]), Exported()
    live = tracer(log, exported)
    notes = []
    for fact in facts:
        log.known = [*log.known, fact]
        if fact.type in HEARD_TYPES:
            notes.append(asyncio.create_task(live.note(fact)))
        await asyncio.sleep(0)

    await asyncio.gather(*notes)

    assert sorted(exported.spans, key=repr) == sorted(trace_of(facts), key=repr)


@pytest.mark.parametrize("seed", range(5))
async def test_replicas_share_the_facts_and_each_span_is_told_once(facts, seed):
    dice = random.Random(seed)
    log, exported = Log(facts), Exported()
    replicas = [tracer(log, exported) for _ in range(3)]
    shuffled = heard(facts)
    dice.shuffle(shuffled)

    await asyncio.gather(*(dice.choice(replicas).note(fact) for fact in shuffled))

    told = Counter(span.span_id for span in exported.spans)
    assert told == Counter(span.span_id for span in trace_of(facts))


async def test_a_fact_that_is_heard_again_tells_the_same_spans(facts):
    log, exported = Log(facts), Exported()
    live = tracer(log, exported)
    last = heard(facts)[-1]
    await live.note(last)
    first = list(exported.spans)

    await live.note(last)

    assert exported.spans == [*first, *first]
    assert first


async def test_a_run_that_fell_out_of_the_cache_is_read_again(facts):
    log, exported = Log(facts), Exported()
    live = tracer(log, exported, cached=0)

    for fact in heard(facts):
        await live.note(fact)

    assert len(exported.spans) == len(trace_of(facts))


async def test_a_log_that_is_away_is_told_to_whoever_waits(facts):
    class Away(Log):
        async def facts(self, tenant, run_id, after=0):
            raise ConnectionError("away")

    live = tracer(Away(facts), Exported())

    with pytest.raises(ConnectionError):
        await live.note(facts[0])
    live._log = Log(facts)
    await live.note(heard(facts)[-1])


async def test_without_a_back_end_nothing_is_done(facts):
    await Untold().note(facts[0])
