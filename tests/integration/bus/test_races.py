"""Many at once: appends and claims on the real server."""

import asyncio
from collections import Counter

import nats.errors

from contracts.envelope import Fact
from contracts.model import ModelClaimed
from contracts.shape import Body
from contracts.subjects import EXECUTOR, ORCHESTRATOR, PRODUCER, ROUTER
from contracts.task import TaskConflicted
from shared.errors import LogUnavailable, Stale
from shared.service import Core
from tests.bodies import DIGEST, claimed, task
from tests.integration.nats_platform import NatsPlatform

WRITERS = 10
APPENDS = 20
RACERS = 6
RACES = 50


def conflict(number: int) -> TaskConflicted:
    """Some fact that only the orchestrator says, many of which fit into one run."""
    return TaskConflicted(
        first_sha256=DIGEST, second_sha256=DIGEST, second_sequence=number, reason="a test"
    )


async def submit(platform: NatsPlatform, run_id: str = "r-1") -> Fact[Body]:
    """A submission as it is heard."""
    producer = await platform.connect(PRODUCER)
    run = (await platform.connect(ORCHESTRATOR)).bus
    fact = await producer.bus.say(_nothing(run_id), task())
    return (await run.read("acme", run_id)).submitted or fact


def _nothing(run_id: str) -> Fact[Body]:
    """The absent cause of a submission."""
    from tests.bodies import NOON

    return Fact("", "", "acme", run_id, "", NOON, task())


async def append_until_done(core: Core, body: Body, root: str) -> int:
    """Fold and append until it is in; how often it was stale."""
    for stale in range(WRITERS * APPENDS * 10):
        run = await core.bus.read("acme", "r-1")
        try:
            await core.bus.append(run, root, body)
        except Stale:
            continue
        return stale
    raise AssertionError("it never got in")


async def test_of_many_writers_none_loses_or_doubles_an_append(nats_platform):
    root = await submit(nats_platform)
    cores = [await nats_platform.connect(ORCHESTRATOR) for _ in range(WRITERS)]

    async def write(index: int) -> int:
        numbers = range(index * APPENDS, (index + 1) * APPENDS)
        return sum([await append_until_done(cores[index], conflict(n), root.id) for n in numbers])

    stale = await asyncio.gather(*map(write, range(WRITERS)))

    stored = await cores[0].bus.runs._reader.read("run.acme.r-1.>", 1)
    ids = Counter(one.headers["ce-id"] for one in stored)
    assert sum(stale) > 0, "nobody ever raced"
    assert len(stored) == WRITERS * APPENDS + 1
    assert set(ids.values()) == {1}
