"""Many at once: appends and claims on the real server."""

import asyncio
from collections import Counter

import nats.errors
import pytest

from contracts.history import Run
from contracts.model import ModelClaimed
from contracts.shape import Body
from contracts.subjects import CONSOLE, LEDGER, ORCHESTRATOR, ROUTER
from contracts.task import TaskConflicted
from shared.errors import Stale
from shared.service import Core
from tests.bodies import DIGEST, claimed, model_funded, task
from tests.integration.bus.scene import counted, submit

WRITERS = 10
APPENDS = 20
RACERS = 6
RACES = 50


def conflict(number: int) -> TaskConflicted:
    """Some fact that only the orchestrator says, many of which fit into one run."""
    return TaskConflicted(
        first_sha256=DIGEST, second_sha256=DIGEST, second_sequence=number, reason="a test"
    )


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


async def test_an_append_after_a_fold_that_is_stale_is_refused(nats_platform):
    root = await submit(nats_platform)
    ours, theirs = [await nats_platform.connect(ORCHESTRATOR) for _ in range(2)]
    run = await ours.bus.read("acme", "r-1")
    await theirs.bus.append(await theirs.bus.read("acme", "r-1"), root.id, conflict(1))
    before = counted("interlock_stale_appends")

    with pytest.raises(Stale):
        await ours.bus.append(run, root.id, conflict(2))

    assert counted("interlock_stale_appends") == before + 1
    await append_until_done(ours, conflict(2), root.id)


async def test_a_submission_is_a_create_and_the_first_one_wins(nats_platform):
    console = [await nats_platform.connect(CONSOLE) for _ in range(RACERS)]

    async def create(index: int) -> bool:
        empty = Run("acme", "r-1")
        try:
            await console[index].bus.append(empty, "", task(f"Number {index}"))
        except Stale:
            return False
        return True

    won = await asyncio.gather(*map(create, range(RACERS)))

    run = await console[0].bus.read("acme", "r-1")
    assert won.count(True) == 1
    assert run.submitted.body.input == f"Number {won.index(True)}"
    assert run.last_sequence == run.first_sequence


async def test_of_those_who_race_for_a_claim_one_wins_and_only_it_believes_so(nats_platform):
    root = await submit(nats_platform)
    owners = (ROUTER, ORCHESTRATOR, LEDGER) * (RACERS // 3)
    cores = [await nats_platform.connect(owner) for owner in owners]

    async def race(step: int) -> list[bool]:
        bodies = [claimed(step, nonce=f"{step}-{index}") for index in range(RACERS)]
        return await asyncio.gather(
            *(core.bus.claim(root, body) for core, body in zip(cores, bodies, strict=True))
        )

    races = [await race(step) for step in range(1, RACES + 1)]

    stored = await cores[0].bus.runs._reader.read("run.acme.r-1.model.claimed.*", 1)
    nonces = [ModelClaimed.model_validate_json(one.body).nonce for one in stored]
    assert [won.count(True) for won in races] == [1] * RACES
    assert nonces == [f"{step}-{won.index(True)}" for step, won in enumerate(races, start=1)]


class Deaf:
    """A connection that loses the first acknowledgements, and only those."""

    def __init__(self, core: Core, lost: int) -> None:
        self._publish = core.bus.publisher._jetstream.publish
        self.lost = lost

    async def publish(self, *arguments: object, **options: object) -> object:
        ack = await self._publish(*arguments, **options)
        if self.lost > 0:
            self.lost -= 1
            raise nats.errors.TimeoutError
        return ack


@pytest.mark.parametrize("lost", [1, 1000], ids=["the_first", "every_one"])
async def test_a_claim_whose_acknowledgement_is_lost_is_known_by_its_nonce(nats_platform, lost):
    root = await submit(nats_platform)
    router, other = [await nats_platform.connect(ROUTER) for _ in range(2)]
    router.bus.publisher._jetstream = Deaf(router, lost)

    won = await router.bus.claim(root, claimed(nonce="mine"))

    assert won
    assert not await other.bus.claim(root, claimed(nonce="theirs"))


async def test_a_claim_lost_to_another_is_not_ours_though_its_acknowledgement_is_lost(
    nats_platform,
):
    root = await submit(nats_platform)
    router, other = [await nats_platform.connect(ROUTER) for _ in range(2)]
    assert await other.bus.claim(root, claimed(nonce="theirs"))
    router.bus.publisher._jetstream = Deaf(router, 1000)

    assert not await router.bus.claim(root, claimed(nonce="mine"))


async def test_a_fact_whose_acknowledgement_is_lost_is_stored_once(nats_platform):
    root = await submit(nats_platform)
    ledger = await nats_platform.connect(LEDGER)
    ledger.bus.publisher._jetstream = Deaf(ledger, 2)

    said = await ledger.bus.say(root, model_funded())

    stored = await ledger.bus.runs._reader.read("run.acme.r-1.>", 1)
    assert [one.sequence for one in stored] == [root.sequence, said.sequence]


async def test_saying_again_gives_the_place_of_what_was_said(nats_platform):
    root = await submit(nats_platform)
    ledger = await nats_platform.connect(LEDGER)
    first = await ledger.bus.say(root, model_funded())

    again = await ledger.bus.say(root, model_funded().model_copy(update={"price_book": "later"}))

    assert again.sequence == first.sequence
