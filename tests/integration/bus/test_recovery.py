"""Recovery has a ceiling of its own: what failed before never takes the place of what is new."""

import asyncio

import pytest

from contracts.run import RunRedriven
from contracts.subjects import CONSOLE, GUARDRAIL, PRODUCER
from shared.errors import Again
from tests.integration.bus.scene import submit
from tests.integration.eventually import eventually
from tests.integration.nats_platform import BOUNDS

SLOTS, RECOVERY, FAILED = 8, 2, 20
PATIENT = 6


class Flaky:
    """Fails every first delivery of an old run; a repeat waits until it is let go."""

    def __init__(self) -> None:
        self.let_go = asyncio.Event()
        self.failed: set[str] = set()
        self.recovering: list[str] = []
        self.most = 0
        self.done: list[str] = []
        self.most_deliveries = 0

    async def __call__(self, heard) -> None:
        run_id = heard.fact.run_id
        self.most_deliveries = max(self.most_deliveries, heard.delivery)
        if run_id.startswith("old") and heard.delivery == 1:
            self.failed.add(run_id)
            raise Again("not yet", 0.05)
        if heard.delivery > 1:
            self.recovering.append(run_id)
            self.most = max(self.most, len(self.recovering))
            await self.let_go.wait()
            self.recovering.remove(run_id)
        self.done.append(run_id)


async def submit_all(platform, *run_ids: str) -> None:
    producer = (await platform.client(PRODUCER)).jetstream()
    for run_id in run_ids:
        await producer.publish(
            f"run.acme.{run_id}.task.submitted", b'{"agent": "support", "input": "Hi"}'
        )


@pytest.fixture
async def stuck(nats_platform):
    """A loop whose slots for recovery are all taken, with more waiting; and its handler."""
    flaky = Flaky()
    core = await nats_platform.connect(GUARDRAIL)
    loop = await nats_platform.hear(
        core, GUARDRAIL, {"task.submitted": flaky}, in_flight=SLOTS, recovery_in_flight=RECOVERY
    )
    await submit_all(nats_platform, *(f"old-{number}" for number in range(FAILED)))
    await eventually(lambda: len(flaky.failed) == FAILED)
    await eventually(lambda: len(flaky.recovering) == RECOVERY)
    return loop, flaky


@pytest.fixture
def flaky(stuck):
    return stuck[1]


async def test_new_work_flows_while_recovery_is_stuck(nats_platform, flaky):
    new = {f"new-{number}" for number in range(3 * SLOTS)}

    await submit_all(nats_platform, *new)

    await eventually(lambda: new <= set(flaky.done))
    assert flaky.most == RECOVERY


async def test_what_is_held_is_handled_once_when_its_turn_comes(nats_platform, flaky):
    """Longer than the engine waits for a word: held messages are spoken for by heartbeats."""
    await asyncio.sleep(PATIENT * BOUNDS.ack_wait_seconds)

    flaky.let_go.set()

    await eventually(lambda: len(flaky.done) >= FAILED)
    assert sorted(flaky.done) == sorted(flaky.failed)
    assert flaky.most == RECOVERY
    # Each silence would have been one more; a busy machine may cost one or two.
    assert flaky.most_deliveries < PATIENT
    engine = await nats_platform.jetstream()

    async def settled() -> bool:
        return (await engine.consumer_info("RUNS", GUARDRAIL)).num_ack_pending == 0

    await eventually(settled)


async def test_a_redrive_is_recovery_too(nats_platform, flaky):
    submitted = await submit(nats_platform, "r-1")
    await eventually(lambda: "r-1" in flaky.done)
    console = await nats_platform.connect(CONSOLE)

    for number in range(3):
        await console.bus.say(
            submitted,
            RunRedriven(
                service=GUARDRAIL,
                sequence=submitted.sequence,
                principal="anna",
                nonce=str(number),
            ),
        )
    await submit(nats_platform, "r-2")

    await eventually(lambda: "r-2" in flaky.done)
    assert flaky.done.count("r-1") == 1
    flaky.let_go.set()
    await eventually(lambda: flaky.done.count("r-1") == 4)
    assert flaky.most == RECOVERY


async def test_a_loop_that_stops_leaves_what_it_held_to_others(nats_platform, stuck):
    loop, flaky = stuck
    other = Flaky()
    other.let_go.set()
    core = await nats_platform.connect(GUARDRAIL)

    await loop.stop(grace_seconds=0)
    await nats_platform.hear(core, GUARDRAIL, {"task.submitted": other})

    await eventually(lambda: set(other.done) == flaky.failed, within_seconds=10)
    assert flaky.done == []
