"""Two replicas on a real server admit runs at once: caps hold, and every place is used."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from contracts.run import RunCompleted, RunStarted
from contracts.subjects import ADMISSION, ADMISSION_VALUE, GUARDRAIL, ORCHESTRATOR, PRODUCER
from services.orchestrator.adapters import MemoryTimers
from services.orchestrator.handlers import Desk, advance, ending
from services.orchestrator.handlers.admission import Admission
from services.orchestrator.rules.admission import Admissions, Caps
from services.orchestrator.rules.rates import Rates
from shared.bus import Heard
from shared.register import NatsRegister
from tests.bodies import task, task_cleared
from tests.integration.nats_platform import NatsPlatform
from tests.orchestrator.deciding import BOOK

pytestmark = pytest.mark.timeout(60)
RUNS = 24
CAP = 5


class Replica:
    """One orchestrator, as far as it starts and ends runs."""

    def __init__(self, core, register, caps):
        self.bus = core.bus
        self.register = register
        timers = MemoryTimers()
        admission = Admission(register, caps, self.bus.clock, timedelta(seconds=60), timers)
        self.desk = Desk(BOOK, timers, 60.0, 50, admission)
        self.most_open = 0

    @classmethod
    async def on(cls, platform: NatsPlatform, caps: Caps) -> "Replica":
        core = await platform.connect(ORCHESTRATOR)
        register = NatsRegister(core.client, ORCHESTRATOR, ADMISSION, ADMISSION_VALUE, 2.0)
        await register.start()
        return cls(core, register, caps)

    async def hear(self, fact):
        await advance(Heard(fact), self.bus, self.desk)

    async def complete(self, tenant: str, run_id: str) -> None:
        run = await self.bus.read(tenant, run_id)
        end = await self.bus.append(run, run.root, RunCompleted(answer="ok", steps=0))
        await ending.close(Heard(end), self.bus, self.desk)

    async def state(self) -> Admissions:
        body, _ = await self.register.load("runs")
        return Admissions.model_validate_json(body) if body else Admissions()


async def cleared(platform: NatsPlatform, count: int, **more: object):
    """Runs that wait to be started, of three tenants."""
    producer = (await platform.connect(PRODUCER)).bus
    guardrail = (await platform.connect(GUARDRAIL)).bus
    facts = []
    for number in range(count):
        tenant, run_id = f"t-{number % 3}", f"r-{number}"
        asked = task().model_copy(update=more)
        assert await producer.submit(tenant, run_id, asked)
        submitted = (await guardrail.read(tenant, run_id)).submitted
        facts.append(await guardrail.say(submitted, task_cleared()))
    return facts


async def test_the_cap_holds_while_two_replicas_start_and_end_runs(nats_platform):
    replicas = [await Replica.on(nats_platform, Caps(open_runs=CAP)) for _ in range(2)]
    facts = await cleared(nats_platform, RUNS)

    await asyncio.gather(*(replicas[n % 2].hear(fact) for n, fact in enumerate(facts)))
    seen: Counter[int] = Counter()
    done = 0
    while (opened := (await replicas[0].state()).open) and done < RUNS:
        seen[len(opened)] += 1
        ends = [(replicas[n % 2], place) for n, place in enumerate(opened)]
        await asyncio.gather(*(one.complete(at.tenant, at.run_id) for one, at in ends))
        done += len(ends)

    state = await replicas[0].state()
    assert max(seen) == CAP
    assert done == RUNS
    assert (state.open, state.waiting) == ((), ())


async def test_two_replicas_start_each_run_once_and_no_more_than_the_cap(nats_platform):
    replicas = [await Replica.on(nats_platform, Caps(open_runs=CAP)) for _ in range(2)]
    facts = await cleared(nats_platform, RUNS)

    await asyncio.gather(*(one.hear(fact) for fact in facts for one in replicas))

    runs = [await replicas[0].bus.read(fact.tenant, fact.run_id) for fact in facts]
    started = [run for run in runs if run.started is not None]
    assert len(started) == CAP
    assert all(isinstance(run.started.body, RunStarted) for run in started)
    assert {run.run_id for run in started} == {
        one.run_id for one in (await replicas[0].state()).open
    }


async def test_one_run_of_a_key_is_open_on_two_replicas(nats_platform):
    replicas = [await Replica.on(nats_platform, Caps()) for _ in range(2)]
    facts = await cleared(nats_platform, 9, concurrency_key="k")

    await asyncio.gather(*(replicas[n % 2].hear(fact) for n, fact in enumerate(facts)))

    opened = Counter(place.tenant for place in (await replicas[0].state()).open)
    assert opened == {"t-0": 1, "t-1": 1, "t-2": 1}


async def test_in_a_minute_two_replicas_start_as_many_runs_of_each_tenant_as_may(nats_platform):
    caps = Caps(rates=Rates(per_tenant=2))
    replicas = [await Replica.on(nats_platform, caps) for _ in range(2)]
    facts = await cleared(nats_platform, 12)

    await asyncio.gather(*(replicas[n % 2].hear(fact) for n, fact in enumerate(facts)))

    state = await replicas[0].state()
    assert Counter(place.tenant for place in state.open) == {"t-0": 2, "t-1": 2, "t-2": 2}
    assert len(state.waiting) == 6
    assert {tenant: len(known) for tenant, known in state.starts.tenants.items()} == {
        "t-0": 2,
        "t-1": 2,
        "t-2": 2,
    }


async def test_a_stale_revision_is_refused_by_the_server(nats_platform):
    one = await Replica.on(nats_platform, Caps())
    first = await one.register.store("x", b"1", 0)

    late = await one.register.store("x", b"2", 0)
    other = await one.register.store("y", b"3", 0)
    second = await one.register.store("x", b"2", first)

    assert late is None
    assert first < other < second
    assert await one.register.load("x") == (b"2", second)
