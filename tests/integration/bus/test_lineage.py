"""Runs that grew from other runs, read from a real log."""

import pytest

from contracts.run import Ancestor
from contracts.subjects import GUARDRAIL, ORCHESTRATOR, PRODUCER, run_prefix
from shared.errors import LineageBroken
from tests.bodies import model_requested, run_started, task, task_cleared


async def grown(platform, run_id: str = "r-2", of: str = "r-1", position: int | None = None):
    """Two runs, of which the second grew from the first one; gives that one's last sequence."""
    producer, guardrail, orchestrator = [
        await platform.connect(name) for name in (PRODUCER, GUARDRAIL, ORCHESTRATOR)
    ]
    last = 0
    for name in (of, run_id):
        await producer.bus.submit("acme", name, task())
        run = await orchestrator.bus.read("acme", name)
        cleared = await guardrail.bus.say(run.submitted, task_cleared())
        run = await orchestrator.bus.read("acme", name)
        where = position if position is not None else last
        ancestor = Ancestor(run_id=of, kind="fork", position=where, step=1) if last else None
        started = run_started().model_copy(update={"ancestor": ancestor})
        last = (await orchestrator.bus.append(run, cleared.id, started)).sequence
    return orchestrator


async def test_a_run_is_read_with_the_one_it_grew_from_up_to_its_position(nats_platform):
    orchestrator = await grown(nats_platform)
    parent = await orchestrator.bus.read("acme", "r-1")
    said = await orchestrator.bus.append(parent, parent.started.id, model_requested())
    reader = await nats_platform.connect(GUARDRAIL)

    run = await reader.bus.read("acme", "r-2")

    assert run.ancestor.run_id == "r-1"
    assert run.ancestor.last_sequence == run.started.body.ancestor.position < said.sequence
    assert run.ancestor.steps == []


async def test_a_run_whose_ancestor_was_purged_is_not_read(nats_platform):
    await grown(nats_platform)
    infra = await nats_platform.client("infra")
    await infra.jetstream().purge_stream("RUNS", subject=run_prefix("acme", "r-1"))
    reader = await nats_platform.connect(GUARDRAIL)

    with pytest.raises(LineageBroken, match="r-1 up to sequence"):
        await reader.bus.read("acme", "r-2")


async def test_a_position_that_the_other_run_never_had_is_not_taken_for_less(nats_platform):
    await grown(nats_platform, position=1000)
    reader = await nats_platform.connect(GUARDRAIL)

    with pytest.raises(LineageBroken):
        await reader.bus.read("acme", "r-2")


async def test_a_run_is_read_as_of_a_sequence_that_is_not_its_own(nats_platform):
    orchestrator = await grown(nats_platform)

    run = await orchestrator.bus.read("acme", "r-1", as_of=1000)

    assert run.started is not None


async def test_messages_are_given_as_they_are_stored(nats_platform):
    orchestrator = await grown(nats_platform)

    messages = await orchestrator.bus.runs.messages("acme", "r-1")
    first = await orchestrator.bus.runs.messages("acme", "r-1", until=messages[0].sequence)

    assert [one.subject.split(".", 3)[3] for one in messages] == [
        "task.submitted",
        "task.cleared",
        "run.started",
    ]
    assert first == messages[:1]
    assert "ce-signature" in messages[1].headers
