"""Work beside the work: it ends with its block, and nobody has to wait to hear of its death."""

import asyncio

import pytest
from structlog.testing import capture_logs

from shared.background import running


async def test_work_goes_on_until_the_block_is_left():
    beats = []

    async def beat():
        while True:
            beats.append(1)
            await asyncio.sleep(0)

    async with running(beat()):
        await asyncio.sleep(0.01)
    count = len(beats)
    await asyncio.sleep(0.01)

    assert len(beats) == count > 1


async def test_work_that_dies_is_told_at_once_and_raised_at_the_end():
    async def die():
        raise ValueError("broken")

    told_inside = []

    async def stand_beside(told):
        async with running(die()):
            await asyncio.sleep(0.01)
            told_inside.extend(one["event"] for one in told)

    with capture_logs() as told, pytest.raises(ValueError, match="broken"):
        await stand_beside(told)

    assert told_inside == ["background.ended"]
