"""The executor of one tenant reads, claims and says in its runs as one of all tenants would."""

from functools import partial

import pytest

from contracts.run import RunArchived
from contracts.subjects import EXECUTOR, GUARDRAIL, OBSERVER, ORCHESTRATOR
from contracts.tenancy import copy_of
from services.observer.adapters.archive_log import open_archive_log
from services.observer.adapters.engine import open_engine
from shared.content import PIECE_BYTES
from shared.errors import LogUnavailable
from tests.bodies import DIGEST, tool_claimed, tool_succeeded
from tests.integration.bus.scene import Ear
from tests.integration.eventually import eventually, patiently
from tests.integration.tenants.conftest import TENANTS
from tests.integration.tenants.telling import store_mixed, with_cleared_call

LARGE = "é" * (PIECE_BYTES + 1000)


@pytest.fixture
async def told(named):
    """One run of each tenant, whose facts lie between those of the other; where acme's ends."""
    acme, beta = with_cleared_call(), with_cleared_call("beta")
    ends = await store_mixed(named, beta, acme)
    return ends[1]


async def read(core, at_least):
    return await core.bus.runs.read("acme", "r-1", at_least=at_least)


async def test_a_run_of_a_copy_is_the_run_of_the_log_with_its_sequences(named, told):
    executor = await named.connect(EXECUTOR, "acme")
    orchestrator = await named.connect(ORCHESTRATOR)

    found = await executor.bus.runs.facts("acme", "r-1", at_least=told)
    wanted = await orchestrator.bus.runs.facts("acme", "r-1")
    run = await read(executor, told)

    assert [(one.sequence, one.id, one.body) for one in found] == [
        (one.sequence, one.id, one.body) for one in wanted
    ]
    assert (run.first_sequence, run.last_sequence) == (wanted[0].sequence, told)
    assert run.call("1-1").last.verdict.sequence == told


async def test_a_fold_goes_on_from_where_it_was_read_up_to(named, told):
    executor = await named.connect(EXECUTOR, "acme")
    run = await read(executor, told)
    cleared = run.call("1-1").last.verdict

    said = await executor.bus.say(cleared, tool_succeeded("1-1"))
    again = await patiently(partial(read, executor, said.sequence), LogUnavailable, 2.0)

    assert again is run
    assert run.last_sequence == said.sequence
    assert run.call("1-1").last.outcome.id == said.id


async def test_a_message_is_found_by_its_sequence_in_the_log(named, told):
    executor = await named.connect(EXECUTOR, "acme")

    here = await executor.redrives.at(told)

    assert (here.fact.sequence, here.fact.type) == (told, "tool.cleared")
    assert await executor.redrives.at(told - 1) is None, "it is of beta"


async def test_a_large_body_is_read_back_by_the_places_of_its_pieces(named, told):
    executor = await named.connect(EXECUTOR, "acme")
    cleared = (await read(executor, told)).call("1-1").last.verdict

    said = await executor.bus.say(cleared, tool_succeeded("1-1", output_json=LARGE))
    found = await executor.redrives.at(said.sequence)

    assert found.fact.body.output_json == LARGE


async def test_of_two_that_claim_one_wins_and_the_other_is_told(named, told):
    first, second = [await named.connect(EXECUTOR, "acme") for _ in range(2)]
    cleared = (await read(first, told)).call("1-1").last.verdict

    assert await first.bus.claim(cleared, tool_claimed("1-1", nonce="first"))
    assert not await second.bus.claim(cleared, tool_claimed("1-1", nonce="second"))
    # As after an acknowledgement that was lost: what lies there is ours.
    assert await first.bus.claim(cleared, tool_claimed("1-1", nonce="first"))


async def test_what_is_heard_has_its_sequence_in_the_log(named, told):
    executor, ear = await named.connect(EXECUTOR, "acme"), Ear()

    await named.hear(executor, EXECUTOR, {"tool.cleared": ear}, tenant="acme")

    await eventually(lambda: ear.facts)
    assert [(one.tenant, one.sequence) for one in ear.facts] == [("acme", told)]


async def test_what_goes_out_of_the_log_goes_out_of_the_copy(named, told):
    observer = await named.connect(OBSERVER)
    log = await open_archive_log(observer, 5.0, TENANTS)
    js = await named.jetstream()

    lying = await log.lying("acme", "r-1")
    tombstone = RunArchived(archive_sha256=DIGEST, facts=lying.count, task_sha256=DIGEST)
    end = await log.close(lying, lying.run.submitted.id, tombstone)
    await log.purge("acme", "r-1", end)

    left = (await js.stream_info(copy_of("acme"), subjects_filter=">")).state.subjects
    assert left == {"run.acme.r-1.run.archived": 1}
    others = (await js.stream_info(copy_of("beta"))).state.messages
    assert others == len(with_cleared_call().facts)


async def test_every_consumer_of_a_copy_is_watched(named, told):
    observer = await named.connect(OBSERVER)
    engine = await open_engine(observer.client, OBSERVER, 2.0, TENANTS)

    queues = {one.durable: one for one in await engine.queues()}

    assert {"tool_executor-acme", "tool_executor-beta"} <= set(queues)
    assert EXECUTOR not in queues
    assert (queues["tool_executor-acme"].pending, GUARDRAIL in queues) == (1, True)
    assert 0 < queues["tool_executor-acme"].oldest_seconds < 60
