"""Bodies too large for a message: stored once beside the log, and read as if they lay in it."""

import pytest
from nats.js.errors import APIError

from contracts.envelope import DATAREF
from contracts.shape import sha256_hex
from contracts.subjects import CONTENT, EXECUTOR, GUARDRAIL, RUNS
from contracts.tool import ToolSucceeded
from shared.content import LIMIT_BYTES, OVER_BYTES, PIECE_BYTES
from shared.errors import LogRefused
from tests.bodies import tool_succeeded
from tests.integration.bus.scene import Scene
from tests.integration.eventually import eventually

LARGE = "é" * (PIECE_BYTES + 1000)


async def said(scene: Scene, output: str):
    executor = await scene.platform.connect(EXECUTOR)
    return executor, await executor.bus.say(scene.submitted, tool_succeeded("1-1", 1, output))


async def lying(scene: Scene, sequence: int):
    js = await scene.platform.jetstream()
    return await js.get_msg(RUNS, sequence)


async def test_a_large_body_is_read_back_whole(scene):
    executor, fact = await said(scene, LARGE)

    [found] = await executor.bus.runs.facts("acme", "r-1", fact.sequence - 1)

    assert found.body == tool_succeeded("1-1", 1, LARGE)
    message = await lying(scene, fact.sequence)
    assert not message.data
    assert message.headers[DATAREF] == sha256_hex(
        found.body.model_dump_json(exclude_none=True).encode()
    )


async def test_a_large_body_is_heard_whole(scene):
    guardrail = await scene.platform.connect(GUARDRAIL)
    heard: list[ToolSucceeded] = []

    async def take(one):
        heard.append(one.fact.body)

    hearing = ("task.submitted", "tool.requested", "tool.succeeded", "tool.failed")
    await scene.platform.hear(guardrail, GUARDRAIL, dict.fromkeys(hearing, take))
    await said(scene, LARGE)

    await eventually(lambda: any(isinstance(one, ToolSucceeded) for one in heard))
    assert heard[-1].output_json == LARGE


async def test_the_same_content_is_stored_once(scene):
    executor, _ = await said(scene, LARGE)
    js = await scene.platform.jetstream()
    pieces = (await js.stream_info(CONTENT)).state.messages

    await executor.bus.say(scene.submitted, tool_succeeded("1-1", 1, LARGE))

    assert (await js.stream_info(CONTENT)).state.messages == pieces > 1


async def test_a_body_that_fits_stays_in_its_message(scene):
    _, fact = await said(scene, "x" * (OVER_BYTES - 1000))

    assert DATAREF not in ((await lying(scene, fact.sequence)).headers or {})


async def test_content_beyond_the_limit_is_refused_with_both_sizes(scene):
    with pytest.raises(LogRefused, match=f"of at most {LIMIT_BYTES}"):
        await said(scene, "x" * LIMIT_BYTES)


@pytest.mark.parametrize("number", ["nonsense", "99"])
async def test_what_others_store_beside_content_does_no_harm(scene, number):
    """A service that may store content could else keep everybody from reading the run."""
    body = tool_succeeded("1-1", 1, LARGE).model_dump_json(exclude_none=True).encode()
    js = await scene.platform.jetstream()
    await js.publish(f"content.acme.r-1.{sha256_hex(body)}.{number}", b"something else")

    executor, fact = await said(scene, LARGE)

    [found] = await executor.bus.runs.facts("acme", "r-1", fact.sequence - 1)
    assert found.body.output_json == LARGE


async def test_what_lies_there_cannot_be_replaced(scene):
    body = tool_succeeded("1-1", 1, LARGE).model_dump_json(exclude_none=True).encode()
    js = await scene.platform.jetstream()
    executor, fact = await said(scene, LARGE)

    with pytest.raises(APIError, match="per subject"):
        await js.publish(f"content.acme.r-1.{sha256_hex(body)}.0", b"something else")

    [found] = await executor.bus.runs.facts("acme", "r-1", fact.sequence - 1)
    assert found.body.output_json == LARGE


async def test_content_that_was_put_there_before_is_not_believed(scene):
    """Whoever stores other bytes under a digest makes the fact unbelievable, and no more."""
    body = tool_succeeded("1-1", 1, LARGE).model_dump_json(exclude_none=True).encode()
    js = await scene.platform.jetstream()
    await js.publish(f"content.acme.r-1.{sha256_hex(body)}.0", b"something else")

    executor, fact = await said(scene, LARGE)

    assert await executor.bus.runs.facts("acme", "r-1", fact.sequence - 1) == []
    assert (await executor.bus.read("acme", "r-1")).last_sequence == fact.sequence
