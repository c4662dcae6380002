"""How a service hears: bounded, patient, and back again after whatever went away."""

import asyncio
import itertools
import time

import pytest

from contracts.subjects import GUARDRAIL, PRODUCER, RUNS
from infra.streams import ensure_streams
from shared.bus import Heard
from shared.errors import Again
from tests.integration.bus.scene import counted, submit
from tests.integration.eventually import eventually
from tests.integration.nats_platform import BOUNDS, DELIVERIES

SUBMITTED = "task.submitted"


class Worker:
    """A handler that takes its time, and notes what is going on meanwhile."""

    def __init__(self, seconds: float = 0.0, *, slow: str = "") -> None:
        self.seconds = seconds
        self.slow = slow
        self.began: list[tuple[str, int, float]] = []
        self.done: list[str] = []
        self.busy = 0
        self.most_busy = 0

    async def __call__(self, heard: Heard) -> None:
        run_id = heard.fact.run_id
        self.began.append((run_id, heard.delivery, time.monotonic()))
        self.busy += 1
        self.most_busy = max(self.most_busy, self.busy)
        if not self.slow or run_id == self.slow:
            await asyncio.sleep(self.seconds)
        self.busy -= 1
        self.done.append(run_id)

    @property
    def gaps(self) -> list[float]:
        """Seconds between deliveries."""
        moments = [moment for _, _, moment in self.began]
        return [after - before for before, after in itertools.pairwise(moments)]


class Failing(Worker):
    """A handler that fails until its last delivery, or for ever."""

    def __init__(self, error: Exception, *, reports: bool) -> None:
        super().__init__()
        self.error = error
        self.reports = reports
        self.lasts: list[bool] = []

    async def __call__(self, heard: Heard) -> None:
        await super().__call__(heard)
        self.lasts.append(heard.last)
        if not (heard.last and self.reports):
            raise self.error


async def hear(platform, worker, name=GUARDRAIL, **options):
    core = await platform.connect(name)
    return await platform.hear(core, name, {SUBMITTED: worker}, **options)


async def submit_many(platform, number: int) -> None:
    producer = await platform.client(PRODUCER)
    body = b'{"agent": "support", "input": "Hi"}'
    for index in range(number):
        await producer.jetstream().publish(f"run.acme.r-{index}.{SUBMITTED}", body)


@pytest.fixture
def few_deliveries(monkeypatch):
    """As many as a test has time for; the consumer of the server has more, and does not mind."""
    monkeypatch.setattr("shared.delivery.Patience.is_last", lambda _, n: n >= DELIVERIES)


async def test_no_more_is_in_flight_than_it_has_slots(nats_platform):
    await submit_many(nats_platform, 60)
    worker = Worker(0.01)

    await hear(nats_platform, worker, in_flight=7)

    await eventually(lambda: len(worker.done) == 60)
    assert worker.most_busy == 7
    assert len(worker.began) == 60


async def test_a_slow_message_does_not_hold_up_the_others(nats_platform):
    await submit_many(nats_platform, 30)
    worker = Worker(2.0, slow="r-0")

    await hear(nats_platform, worker, in_flight=4)

    await eventually(lambda: len(worker.done) == 29, within_seconds=1.5)
    assert "r-0" not in worker.done


async def test_replicas_share_the_work_and_none_of_it_is_done_twice(nats_platform):
    workers = [Worker(0.01) for _ in range(3)]
    for worker in workers:
        await hear(nats_platform, worker, in_flight=4)

    await submit_many(nats_platform, 60)

    await eventually(lambda: sum(len(worker.done) for worker in workers) >= 60)
    await asyncio.sleep(0.2)
    done = [run_id for worker in workers for run_id in worker.done]
    assert sorted(done) == sorted(set(done))
    assert all(worker.done for worker in workers)


async def test_heartbeats_keep_slow_work_from_being_done_twice(nats_platform):
    worker = Worker(3 * BOUNDS.ack_wait_seconds)
    await hear(nats_platform, worker)

    await submit_many(nats_platform, 1)

    await eventually(lambda: worker.done)
    await asyncio.sleep(2 * BOUNDS.ack_wait_seconds)
    assert len(worker.began) == 1


async def test_a_message_comes_again_after_the_delay_that_was_asked_for(nats_platform):
    worker = Failing(Again("not yet", 0.3), reports=True)
    await hear(nats_platform, worker)

    await submit_many(nats_platform, 1)

    await eventually(lambda: len(worker.began) >= 3)
    assert [delivery for _, delivery, _ in worker.began[:3]] == [1, 2, 3]
    assert all(0.29 < gap < 0.55 for gap in worker.gaps[:2])


async def test_the_delay_after_a_failure_grows(nats_platform):
    worker = Failing(Again("asked for no delay"), reports=True)
    await hear(nats_platform, worker)

    await submit_many(nats_platform, 1)

    await eventually(lambda: len(worker.began) >= 4)
    # 0.1, 0.2, 0.4 seconds, of which chance takes away up to half.
    for gap, full in zip(worker.gaps, (0.1, 0.2, 0.4), strict=False):
        assert full / 2 <= gap < full + 0.25


async def test_a_failure_that_nobody_foresaw_is_tried_again(nats_platform, few_deliveries):
    worker = Failing(ValueError("a mistake"), reports=True)
    await hear(nats_platform, worker)

    await submit_many(nats_platform, 1)

    await eventually(lambda: len(worker.done) == DELIVERIES)
    assert [delivery for _, delivery, _ in worker.began] == [1, 2, 3]


@pytest.mark.parametrize("reports", [True, False])
async def test_the_last_delivery_is_told_so_and_leaves_a_dead_letter(
    nats_platform, few_deliveries, reports
):
    worker = Failing(Again("not yet", 0.01), reports=reports)
    await hear(nats_platform, worker)

    await submit_many(nats_platform, 1)

    await eventually(nats_platform.dead_letters)
    await asyncio.sleep(2 * BOUNDS.ack_wait_seconds)
    letters = await nats_platform.dead_letters()
    assert worker.lasts == [False] * (DELIVERIES - 1) + [True]
    assert [one["rule"] for one in letters] == [
        "deliveries_used_up" if reports else "handler_failed"
    ]


async def test_poison_is_put_aside_once_and_the_next_is_heard(nats_platform):
    worker = Worker()
    await hear(nats_platform, worker)
    producer = (await nats_platform.client(PRODUCER)).jetstream()
    before = counted("interlock_dead_letters")

    await producer.publish(f"run.acme.poison.{SUBMITTED}", b"{not json")
    await submit_many(nats_platform, 1)

    await eventually(lambda: worker.done)
    await asyncio.sleep(2 * BOUNDS.ack_wait_seconds)
    letters = await nats_platform.dead_letters()
    assert [(one["rule"], one["body"]) for one in letters] == [("bad_body", b"{not json")]
    assert counted("interlock_dead_letters") == before + 1


async def test_who_asked_to_be_told_of_poison_is_told_again_until_it_can_answer(nats_platform):
    told: list[str] = []

    async def answer(stored, error) -> None:
        told.append(error.rule)
        if len(told) < 3:
            raise Again("the log is away")

    await hear(nats_platform, Worker(), told=answer)
    await (await nats_platform.jetstream()).publish(f"run.acme.with.dots.{SUBMITTED}", b"{}")

    await eventually(nats_platform.dead_letters)
    # A delivery that outlasts the short ack wait of this test on a busy machine comes once more.
    assert (set(told), len(told) >= 3) == ({"bad_subject"}, True)
    assert len(await nats_platform.dead_letters()) == 1


async def test_a_service_is_not_ready_while_its_consumer_is_gone(nats_platform):
    worker = Worker()
    loop = await hear(nats_platform, worker)
    engine = await nats_platform.jetstream()
    assert loop.trouble is None

    await engine.delete_consumer(RUNS, GUARDRAIL)
    await eventually(lambda: loop.trouble is not None, within_seconds=3)
    await asyncio.sleep(0.5)
    assert loop.trouble is not None

    await ensure_streams(engine, bounds=BOUNDS)
    await eventually(lambda: loop.trouble is None, within_seconds=5)
    await submit_many(nats_platform, 1)
    await eventually(lambda: worker.done)


async def test_stopping_finishes_what_is_in_flight_and_begins_nothing_more(nats_platform):
    worker = Worker(2 * BOUNDS.ack_wait_seconds)
    loop = await hear(nats_platform, worker, in_flight=3)
    await submit_many(nats_platform, 6)
    await eventually(lambda: worker.busy == 3)

    await loop.stop(grace_seconds=5)

    assert len(worker.done) == len(worker.began) == 3
    info = await (await nats_platform.jetstream()).consumer_info(RUNS, GUARDRAIL)
    assert info.num_ack_pending == 0


async def test_stopping_does_not_wait_longer_than_the_grace(nats_platform):
    worker = Worker(60)
    loop = await hear(nats_platform, worker)
    await submit_many(nats_platform, 1)
    await eventually(lambda: worker.busy == 1)
    began = time.monotonic()

    await loop.stop(grace_seconds=0.2)

    assert time.monotonic() - began < 1
    assert worker.done == []


async def test_after_a_crash_of_the_server_it_hears_again(nats_platform):
    worker = Worker()
    loop = await hear(nats_platform, worker)
    await submit_many(nats_platform, 1)
    await eventually(lambda: len(worker.done) == 1)

    nats_platform.kill_server()
    await eventually(lambda: loop.trouble is not None, within_seconds=3)
    await eventually(lambda: loop.trouble is None, within_seconds=15)

    await submit(nats_platform, "r-after")
    await eventually(lambda: "r-after" in worker.done)


async def test_work_that_was_in_flight_at_a_crash_of_the_server_is_settled(nats_platform):
    worker = Worker(0.5)
    await hear(nats_platform, worker)
    await submit_many(nats_platform, 1)
    await eventually(lambda: worker.busy == 1)

    nats_platform.kill_server()

    engine = await nats_platform.jetstream()

    async def settled() -> bool:
        return (await engine.consumer_info(RUNS, GUARDRAIL)).num_ack_pending == 0

    await eventually(settled, within_seconds=15)
    assert set(worker.done) == {"r-0"}
