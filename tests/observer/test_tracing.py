"""Live traces: every span once, whoever heard what, in any order, and however often."""

import asyncio
import random
from collections import Counter
from dataclasses import replace

import pytest

from contracts.history import Run
from contracts.run import Ancestor, RunStarted
from services.observer.tracing import HEARD, TELLING, TELLING_AFTER_THE_END, LiveTracer, Untold
from shared.errors import LineageBroken, LogUnavailable
from shared.redaction import redact
from shared.telemetry import semconv
from shared.tracing.capture import NOTHING, Capture
from shared.tracing.trace import trace_of
from tests.histories import given, whole_run
from tests.shared.tracing.traced import traced


class Log:
    """The facts of one run; counts how often it is read."""

    def __init__(self, facts, ancestor=None):
        self.known = facts
        self.reads = 0
        self.at_least = 0
        self._ancestor = ancestor

    async def facts(self, tenant, run_id, after=0, at_least=0):
        self.reads += 1
        self.at_least = at_least
        await asyncio.sleep(0)
        own = (fact for fact in self.known if fact.run_id == run_id)
        return [fact for fact in own if fact.sequence > after]

    async def read(self, tenant, run_id, *, at_least=0):
        if self._ancestor is None:
            raise LineageBroken(run_id, "it is gone")
        return Run(tenant, run_id, ancestor=self._ancestor)


class Exported:
    def __init__(self):
        self.spans = []

    async def add(self, spans):
        self.spans += spans


def tracer(log, exported, gather=0.0, cached=8, capture=NOTHING, **limits):
    limits = {"gather_seconds": gather, "gather_facts": 1000, "cached_runs": cached, **limits}
    return LiveTracer(log, exported, capture, **limits)


def heard(facts):
    return [fact for fact in facts if fact.type in HEARD]


def ids(spans):
    return [one.span_id for one in spans]


def asked(spans):
    return [one for one in spans if semconv.INPUT_MESSAGES in one.attributes]


def continued(facts):
    """The same facts, as those of a run that goes on from another."""
    from_it = Ancestor(run_id="r-0", kind="continues", position=facts[-1].sequence)
    return [
        replace(fact, body=fact.body.model_copy(update={"ancestor": from_it}))
        if isinstance(fact.body, RunStarted)
        else fact
        for fact in facts
    ]


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
        if fact.type in TELLING:
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


@pytest.fixture
def billed_late():
    """The bill of the last step comes after everything else."""
    history = whole_run()
    bill = [fact for fact in history.facts if fact.type == "money.settled"][-1]
    facts = [fact for fact in history.facts if fact is not bill]
    return traced([replace(fact, sequence=at) for at, fact in enumerate([*facts, bill], 1)])


@pytest.mark.parametrize("seed", range(5))
async def test_a_bill_that_comes_after_the_end_is_told_once(billed_late, seed):
    dice = random.Random(seed)
    log, exported = Log(billed_late), Exported()
    replicas = [tracer(log, exported) for _ in range(2)]
    shuffled = heard(billed_late)
    dice.shuffle(shuffled)

    for fact in shuffled:
        await dice.choice(replicas).note(fact)

    assert Counter(ids(exported.spans)) == Counter(ids(trace_of(billed_late)))


async def test_a_bill_within_a_run_does_not_read_it_from_its_beginning_again(facts):
    log = Log(facts)
    live = tracer(log, Exported())
    bill = next(fact for fact in facts if fact.type == "money.settled")
    await live.note(heard(facts)[-1])

    await live.note(bill)

    assert log.reads == 1


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


async def test_a_long_run_that_is_heard_late_is_told_from_its_beginning(facts):
    log, exported = Log(facts), Exported()
    live = tracer(log, exported, kept_windows=1)

    for fact in heard(facts):
        await live.note(fact)

    assert Counter(ids(exported.spans)) == Counter(ids(trace_of(facts)))


async def test_many_facts_are_told_before_the_time_is_up(facts):
    exported = Exported()
    most = sum(fact.type in TELLING_AFTER_THE_END for fact in facts)
    live = tracer(Log(facts), exported, gather=3600, gather_facts=most)

    await asyncio.wait_for(asyncio.gather(*(live.note(fact) for fact in heard(facts))), 10)

    assert ids(exported.spans) == ids(trace_of(facts))


async def test_the_log_is_read_up_to_what_was_heard_whichever_replica_answers(facts):
    log = Log(facts)
    last = heard(facts)[-1]

    await tracer(log, Exported()).note(last)

    assert log.at_least == last.sequence


async def test_a_run_that_no_trace_can_be_made_of_costs_no_other_its_own(facts):
    odd = [replace(fact, run_id="r-9", stored_at="no moment") for fact in facts]
    log, exported = Log([*odd, *facts]), Exported()
    live = tracer(log, exported, gather=0.01)

    await asyncio.gather(*(live.note(fact) for fact in heard([*odd, *facts])))

    assert sorted(ids(exported.spans)) == sorted(ids(trace_of(facts)))


async def test_what_a_continued_run_asked_is_told_with_the_run_before_it(facts):
    before, grown = given(facts), continued(facts)
    log, exported = Log(grown, before), Exported()
    live = tracer(log, exported, capture=Capture(redact))

    await live.note(heard(grown)[-1])
    for fact in heard(grown)[:-1]:
        await live.note(fact)

    expected = trace_of(grown, Capture(redact), before)
    assert sorted(exported.spans, key=repr) == sorted(expected, key=repr)
    assert asked(exported.spans)


async def test_where_the_run_before_is_gone_what_was_asked_is_left_out(facts):
    grown = continued(facts)
    exported = Exported()
    live = tracer(Log(grown), exported, capture=Capture(redact))

    for fact in heard(grown):
        await live.note(fact)

    assert ids(exported.spans) == ids(trace_of(grown))
    assert asked(exported.spans) == []


async def test_a_log_that_is_away_is_told_to_whoever_waits(facts):
    class Away(Log):
        async def facts(self, tenant, run_id, after=0, at_least=0):
            raise ConnectionError("away")

    live = tracer(Away(facts), Exported())

    with pytest.raises(ConnectionError):
        await live.note(facts[0])
    live._log = Log(facts)
    await live.note(heard(facts)[-1])


async def test_what_a_leader_that_was_deposed_does_not_show_is_told_once_it_is_shown(facts):
    last = heard(facts)[-1]
    log, exported = Log(facts[:-1]), Exported()
    live = tracer(log, exported)

    with pytest.raises(LogUnavailable):
        await live.note(last)
    log.known = facts
    for fact in heard(facts):
        await live.note(fact)

    assert sorted(ids(exported.spans)) == sorted(ids(trace_of(facts)))


async def test_without_a_back_end_nothing_is_done(facts):
    await Untold().note(facts[0])
