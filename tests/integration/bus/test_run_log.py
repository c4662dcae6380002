"""Reading a run: whole, in order, far enough, and whatever else lies in the stream."""

import asyncio

import pytest

from contracts.subjects import CONSOLE, EXECUTOR, GUARDRAIL, ORCHESTRATOR
from shared import direct
from shared.bus import Heard
from shared.direct import DirectReader
from shared.errors import LogUnavailable, Stale
from tests.bodies import model_requested, task_cleared
from tests.integration.bus.scene import submit
from tests.integration.eventually import eventually

CROWD = 20_000
PLACE = "run.acme.r-1.task.conflicted"


async def fill(platform, subjects: list[str]) -> None:
    """Lay messages, which are no facts, as fast as the server takes them."""
    client = await platform.client("infra")
    engine = client.jetstream()
    before = (await engine.stream_info("RUNS")).state.last_seq
    for subject in subjects:
        await client.publish(subject, b"{}")
    await client.flush()

    async def stored() -> bool:
        return (await engine.stream_info("RUNS")).state.last_seq == before + len(subjects)

    await eventually(stored, within_seconds=10)


async def test_a_run_is_read_at_least_to_what_was_heard(nats_platform):
    submitted = await submit(nats_platform)
    guardrail, reader = [await nats_platform.connect(n) for n in (GUARDRAIL, ORCHESTRATOR)]
    await reader.bus.run(Heard(submitted))
    cleared = await guardrail.bus.say(submitted, task_cleared())

    early = await reader.bus.run(Heard(submitted))
    assert early.last_sequence == submitted.sequence

    run = await reader.bus.run(Heard(cleared))
    assert run.verdict is not None
    assert run.last_sequence == cleared.sequence


async def test_the_tenants_of_a_run_are_known_to_the_log(nats_platform):
    for tenant in ("other", "acme"):
        await submit(nats_platform, tenant=tenant)
    console = await nats_platform.connect(CONSOLE)

    assert await console.bus.runs.tenants_of("r-1") == ["acme", "other"]
    assert await console.bus.runs.tenants_of("r-2") == []


async def test_a_tenant_that_cannot_be_one_hides_no_other(nats_platform):
    """Anybody who may submit can have a message stored there; it was refused, and it stays."""
    console = await nats_platform.connect(CONSOLE)
    await fill(nats_platform, ["run.ac*me.r-1.task.submitted"])
    await submit(nats_platform)

    assert await console.bus.runs.tenants_of("r-1") == ["acme"]


async def test_what_is_not_there_yet_is_not_taken_for_the_end(nats_platform):
    await submit(nats_platform)
    reader = await nats_platform.connect(ORCHESTRATOR)

    with pytest.raises(LogUnavailable, match="lags"):
        await reader.bus.runs.read("acme", "r-1", at_least=1000)


async def test_a_cached_run_is_advanced_by_what_another_process_appended(nats_platform):
    submitted = await submit(nats_platform)
    ours, theirs = [await nats_platform.connect(ORCHESTRATOR) for _ in range(2)]
    await ours.bus.read("acme", "r-1")
    run = await theirs.bus.read("acme", "r-1")
    said = await theirs.bus.append(run, submitted.id, model_requested())
    stale = ours.bus.runs._cached("acme", "r-1")
    assert stale.last_sequence == submitted.sequence

    with pytest.raises(Stale):
        await ours.bus.append(stale, submitted.id, model_requested(2))

    assert (await ours.bus.read("acme", "r-1")).last_sequence == said.sequence


async def test_two_readers_at_once_fold_each_fact_once(nats_platform):
    submitted = await submit(nats_platform)
    guardrail, reader = [await nats_platform.connect(n) for n in (GUARDRAIL, ORCHESTRATOR)]
    cleared = await guardrail.bus.say(submitted, task_cleared())

    runs = await asyncio.gather(*(reader.bus.read("acme", "r-1") for _ in range(20)))

    assert all(run is runs[0] for run in runs)
    assert runs[0].last_sequence == cleared.sequence
    assert len(runs[0].seen) == 2


async def test_what_is_not_believed_still_counts_for_an_append(nats_platform):
    submitted = await submit(nats_platform)
    attacker = await nats_platform.client(EXECUTOR)
    noise = await attacker.jetstream().publish("run.acme.r-1.tool.failed", b"no fact")
    orchestrator = await nats_platform.connect(ORCHESTRATOR)

    run = await orchestrator.bus.read("acme", "r-1")
    said = await orchestrator.bus.append(run, submitted.id, model_requested())

    assert run.last_sequence == noise.seq
    assert said.sequence == noise.seq + 1


async def test_a_run_among_many_others_is_read_whole_and_alone(nats_platform):
    half = [f"run.acme.crowd-{index}.task.conflicted" for index in range(CROWD // 2)]
    await fill(nats_platform, half)
    submitted = await submit(nats_platform)
    await fill(nats_platform, half)
    guardrail, reader = [await nats_platform.connect(n) for n in (GUARDRAIL, ORCHESTRATOR)]
    cleared = await guardrail.bus.say(submitted, task_cleared())

    run = await reader.bus.run(Heard(cleared))

    assert run.first_sequence == submitted.sequence == CROWD // 2 + 1
    assert run.last_sequence == cleared.sequence == CROWD + 2
    assert run.verdict is not None


@pytest.mark.parametrize("surplus", [-1, 0, 1])
@pytest.mark.parametrize("pages", [1, 3])
async def test_a_run_longer_than_a_batch_is_read_by_several(
    nats_platform, monkeypatch, pages, surplus
):
    monkeypatch.setattr(direct, "READ_BATCH", 50)
    number = pages * 50 + surplus
    between = ["run.acme.r-2.task.conflicted"] * 3
    await fill(nats_platform, [each for _ in range(number) for each in (PLACE, *between)])
    reader = await nats_platform.connect(ORCHESTRATOR)

    whole = await reader.bus.runs._reader.read("run.acme.r-1.>", 1)
    part = await reader.bus.runs._reader.read("run.acme.r-1.>", 1, until=4 * number - 3)

    assert [one.sequence for one in whole] == list(range(1, 4 * number, 4))
    assert part == whole


async def test_the_real_batch_is_taken_by_the_server_in_one_answer(nats_platform):
    number = direct.READ_BATCH + 100
    await fill(nats_platform, [PLACE] * number)
    reader = (await nats_platform.connect(ORCHESTRATOR)).bus.runs._reader
    request = {"seq": 1, "next_by_subj": "run.acme.r-1.>", "batch": direct.READ_BATCH}

    answer = await reader._ask(request, "r-1", 0)

    assert (len(answer.messages), answer.more) == (direct.READ_BATCH, True)
    assert len(await reader.read("run.acme.r-1.>", 1)) == number


@pytest.mark.parametrize("lost", [0, 1, 3], ids=["first", "one between", "last"])
async def test_what_was_lost_on_the_way_is_asked_for_again(nats_platform, monkeypatch, lost):
    """A client drops what comes faster than it takes it, and the end may come all the same."""
    await fill(nats_platform, [PLACE] * 4)
    reader = (await nats_platform.connect(ORCHESTRATOR)).bus.runs._reader
    take, taken = direct._Answer.take, []

    def drop_once(answer, message):
        taken.append(message)
        if len(taken) != lost + 1:
            take(answer, message)

    monkeypatch.setattr(direct._Answer, "take", drop_once)

    assert [one.sequence for one in await reader.read("run.acme.r-1.>", 1)] == [1, 2, 3, 4]


async def test_what_is_lost_again_and_again_is_no_shorter_run(nats_platform, monkeypatch):
    await fill(nats_platform, [PLACE] * 4)
    reader = (await nats_platform.connect(ORCHESTRATOR)).bus.runs._reader
    take = direct._Answer.take

    def drop(answer, message):
        if (message.headers or {}).get("Nats-Sequence") != "4":
            take(answer, message)

    monkeypatch.setattr(direct._Answer, "take", drop)

    with pytest.raises(LogUnavailable, match="lost on the way"):
        await reader.read("run.acme.r-1.>", 1)


async def test_a_message_that_claims_another_one_before_it_keeps_nobody_from_reading(nats_platform):
    client = await nats_platform.client("infra")
    for headers in (None, {"Nats-Last-Sequence": "99"}, None):
        await client.jetstream().publish(PLACE, b"{}", headers=headers)
    reader = (await nats_platform.connect(ORCHESTRATOR)).bus.runs._reader

    assert len(await reader.read("run.acme.r-1.>", 1)) == 3


async def test_a_stream_that_is_not_there_is_not_an_empty_run(nats_platform):
    client = await nats_platform.client("infra")
    reader = DirectReader(client, "ABSENT", "_INBOX_infra", 1.0)
    await reader.start()

    with pytest.raises(LogUnavailable):
        await reader.read("run.acme.r-1.>", 1)


async def test_a_run_that_is_not_there_is_empty(nats_platform):
    reader = await nats_platform.connect(ORCHESTRATOR)

    run = await reader.bus.read("acme", "absent")

    assert (run.first_sequence, run.last_sequence, run.submitted) == (0, 0, None)


async def test_the_cache_forgets_the_run_that_nobody_asked_for_the_longest(nats_platform):
    for run_id in ("r-1", "r-2", "r-3"):
        await submit(nats_platform, run_id)
    reader = await nats_platform.connect(ORCHESTRATOR, cached_runs=2)
    first = await reader.bus.read("acme", "r-1")
    second = await reader.bus.read("acme", "r-2")
    assert await reader.bus.read("acme", "r-1") is first

    await reader.bus.read("acme", "r-3")

    assert await reader.bus.read("acme", "r-1") is first
    assert await reader.bus.read("acme", "r-2") is not second
