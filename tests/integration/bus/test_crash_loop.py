"""A message that kills its worker: a few times, and then people are asked and the worker lives."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from contracts.subjects import GUARDRAIL, ORCHESTRATOR
from infra.dev.assembly import REPOSITORY, inherited
from infra.platform.ports import choose_port
from shared.crashes import CrashBudget, MemoryCrashCounts, NatsCrashCounts
from shared.errors import Again
from tests.integration.bus.crashing_service import WORST
from tests.integration.bus.scene import submit
from tests.integration.eventually import eventually

CRASHES = 4
MOST_STARTS = 12  # a loop that nothing ends is a failure, and not a test that hangs
SECONDS = 90.0
INNOCENT = 6


class Worker:
    """A process that is started again whenever it dies, as a platform does."""

    def __init__(self, notes_file: Path) -> None:
        self.notes_file = notes_file
        self.deaths = 0

    @property
    def notes(self) -> Counter:
        """How often each line was written: `<run> begun`, `<run> last`, `<run> done`."""
        text = self.notes_file.read_text() if self.notes_file.exists() else ""
        return Counter(text.splitlines())

    async def keep_running(self, name: str, env: dict[str, str]) -> None:
        while self.deaths < MOST_STARTS:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.integration.bus.crashing_service", name),
                cwd=REPOSITORY,
                env=env,
            )
            try:
                await process.wait()
            finally:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
            self.deaths += 1


@asynccontextmanager
async def working(platform, name, folder, **extra: str) -> AsyncIterator[Worker]:
    worker = Worker(folder / "notes.txt")
    prefix = f"INTERLOCK_{name.upper()}"
    env = {
        **inherited(),
        "INTERLOCK_NATS_URL": platform.server.url,
        "INTERLOCK_KEYRING_FILE": str(platform.home.keys / "keyring.json"),
        f"{prefix}_NKEY_FILE": str(platform.home.keys / f"{name}.nkey"),
        f"{prefix}_HTTP_PORT": str(choose_port()),
        f"{prefix}_ACK_WAIT_SECONDS": "0.6",
        f"{prefix}_NOTES_FILE": str(worker.notes_file),
        **{f"{prefix}_{key}": value for key, value in extra.items()},
    }
    task = asyncio.create_task(worker.keep_running(name, env))
    try:
        yield worker
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def submit_beside(platform, poison: str) -> list[str]:
    """Poison, and before and after it what is innocent."""
    innocent = [f"r-{number}" for number in range(INNOCENT)]
    for run_id in (*innocent[: INNOCENT // 2], poison, *innocent[INNOCENT // 2 :]):
        await submit(platform, run_id)
    return innocent


async def test_a_message_that_kills_its_worker_is_parked_and_the_others_pass(
    nats_platform, tmp_path
):
    innocent = await submit_beside(nats_platform, "poison")

    async with working(nats_platform, GUARDRAIL, tmp_path, NAP_SECONDS="0.3") as worker:
        await eventually(nats_platform.dead_letters, SECONDS)
        await submit(nats_platform, "r-after")
        everybody = [f"{run_id} done" for run_id in (*innocent, "r-after", "poison")]
        await eventually(lambda: all(worker.notes[line] for line in everybody), SECONDS)

        [letter] = await nats_platform.dead_letters()
        assert worker.deaths == CRASHES
        assert (letter["rule"], letter["subject"]) == (
            "crash_loop",
            "run.acme.poison.task.submitted",
        )
        assert letter["reason"].startswith("4 deliveries")
        # It was reported, as on the last delivery, so that its run learns of it.
        assert worker.notes["poison last"] == 1


async def test_a_message_whose_report_kills_too_is_parked_unread(nats_platform, tmp_path):
    await submit(nats_platform, WORST)

    async with working(nats_platform, GUARDRAIL, tmp_path, CRASH_DELIVERIES="3") as worker:
        await eventually(nats_platform.dead_letters, SECONDS)
        await submit(nats_platform, "r-after")
        await eventually(lambda: worker.notes["r-after done"], SECONDS)

        assert worker.deaths == 3 + 1
        assert [one["rule"] for one in await nats_platform.dead_letters()] == ["crash_loop"]


async def test_a_run_that_kills_the_orchestrator_is_parked_though_it_may_try_for_ever(
    nats_platform, tmp_path
):
    innocent = await submit_beside(nats_platform, "poison")

    async with working(nats_platform, ORCHESTRATOR, tmp_path, CRASH_DELIVERIES="3") as worker:
        await eventually(nats_platform.dead_letters, SECONDS)
        await submit(nats_platform, "r-after")
        done = [f"{run_id} done" for run_id in (*innocent, "r-after")]
        await eventually(lambda: all(worker.notes[line] for line in done), SECONDS)

        assert worker.deaths == 3
        assert worker.notes["poison last"] == 0
        assert [one["rule"] for one in await nats_platform.dead_letters()] == ["crash_loop"]


async def test_a_message_that_only_fails_is_never_taken_for_one_that_kills(nats_platform):
    core = await nats_platform.connect(GUARDRAIL)
    deliveries: list[int] = []

    async def fail(heard) -> None:
        deliveries.append(heard.delivery)
        raise Again("not yet", 0.01)

    await nats_platform.hear(core, GUARDRAIL, {"task.submitted": fail})
    await submit(nats_platform)

    await eventually(lambda: len(deliveries) > 3 * CRASHES)
    assert await nats_platform.dead_letters() == []


async def test_a_first_delivery_that_failed_is_said_to_have_been_survived(nats_platform):
    core = await nats_platform.connect(GUARDRAIL)

    async def fail(heard) -> None:
        raise Again("not yet", 60.0)

    await nats_platform.hear(core, GUARDRAIL, {"task.submitted": fail}, cap_seconds=60.0)
    submitted = await submit(nats_platform)

    counts = NatsCrashCounts(core.client, GUARDRAIL, GUARDRAIL, 2.0)

    async def told() -> bool:
        return await counts.read(submitted.sequence) == 0

    await eventually(told)


async def test_counts_outlive_their_process_and_belong_to_one_consumer(nats_platform):
    one, other = [await nats_platform.connect(GUARDRAIL) for _ in range(2)]

    await NatsCrashCounts(one.client, GUARDRAIL, "d", 2.0).write(7, 3)

    counts = NatsCrashCounts(other.client, GUARDRAIL, "d", 2.0)
    assert await counts.read(7) == 3
    assert await counts.read(8) is None
    assert await NatsCrashCounts(other.client, GUARDRAIL, "e", 2.0).read(7) is None


async def test_where_counts_cannot_be_kept_work_goes_on(nats_platform):
    core = await nats_platform.connect(GUARDRAIL)
    counts = NatsCrashCounts(core.client, GUARDRAIL, "d", 0.2)
    await (await nats_platform.jetstream()).delete_stream("CRASHES")

    await counts.write(7, 3)

    assert await counts.read(7) == 0


async def test_a_first_delivery_asks_and_counts_nothing():
    class Silent(MemoryCrashCounts):
        read = write = tell = None

    async with CrashBudget(Silent(), CRASHES).delivery(7, 1) as crashes:
        assert crashes == 0


dead: list[object] = []  # kept, or Python would end them in good order


async def crashed(budget: CrashBudget, number: int, sequence: int = 7) -> int:
    """A delivery whose process dies: nothing after the beginning happens."""
    dead.append(budget.delivery(sequence, number))
    return await dead[-1].__aenter__()


async def test_each_delivery_that_ended_without_a_word_is_counted():
    counts = MemoryCrashCounts()

    seen = [await crashed(CrashBudget(counts, CRASHES), number) for number in range(2, 7)]

    assert seen == [1, 2, 3, 4, 5]


async def test_who_lives_through_a_delivery_begins_anew():
    counts = MemoryCrashCounts()
    await crashed(CrashBudget(counts, CRASHES), 2)

    async with CrashBudget(counts, CRASHES).delivery(7, 3) as crashes:
        assert crashes == 2

    assert await crashed(CrashBudget(counts, CRASHES), 4) == 0


async def test_a_first_delivery_that_only_failed_is_no_crash():
    counts = MemoryCrashCounts()
    budget = CrashBudget(counts, CRASHES)

    await budget.survived(7)

    assert await crashed(budget, 2) == 0


async def test_of_suspects_one_is_handled_at_a_time_and_the_others_are_not_counted():
    counts = MemoryCrashCounts()
    counts.counts = {1: 2, 2: 2, 3: 0}
    budget = CrashBudget(counts, CRASHES)
    await crashed(budget, 3, sequence=1)

    waiting = asyncio.create_task(crashed(budget, 3, sequence=2))
    for _ in range(10):
        await asyncio.sleep(0)
    async with budget.delivery(3, 3):
        assert counts.counts == {1: 3, 2: 2, 3: 1}

    assert not waiting.done()
    waiting.cancel()


@pytest.mark.parametrize("error", [ValueError, asyncio.CancelledError])
async def test_a_handler_that_raised_or_was_stopped_has_not_crashed(error):
    counts = MemoryCrashCounts()

    with suppress(error):
        async with CrashBudget(counts, CRASHES).delivery(7, 2):
            raise error

    assert counts.counts == {7: 0}
