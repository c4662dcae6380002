"""Several writers on different nodes, one winner each, also while the leader dies."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import pytest

from contracts.envelope import Fact, Stored
from contracts.history import Run
from contracts.model import ModelClaimed
from contracts.shape import Body
from contracts.subjects import CONSOLE, GUARDRAIL, ORCHESTRATOR, ROUTER
from contracts.task import TaskConflicted
from shared.errors import LogUnavailable, Stale
from shared.service import Core
from tests.bodies import DIGEST, claimed, task, task_cleared
from tests.integration.cluster.cluster_platform import RECOVERED_WITHIN_SECONDS, ClusterPlatform
from tests.integration.eventually import eventually, patiently

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

T = TypeVar("T")
RACERS = 6
ROUNDS_BEFORE = 15
ROUNDS_AFTER = 15


def conflict(number: int, racer: int) -> TaskConflicted:
    """Some fact of the orchestrator's; each racer has another, so that no id decides the race."""
    return TaskConflicted(
        first_sha256=DIGEST, second_sha256=DIGEST, second_sequence=number, reason=f"by {racer}"
    )


async def racers(cluster: ClusterPlatform, name: str) -> list[Core]:
    return [await cluster.connect_to(index % 3, name) for index in range(RACERS)]


async def submit(cluster: ClusterPlatform, tenant: str, run_id: str = "r-1") -> Fact[Body]:
    console = await cluster.connect(CONSOLE)
    return await console.bus.append(Run(tenant, run_id), "", task())


async def rounds(cluster: ClusterPlatform) -> AsyncIterator[int]:
    """Numbers of rounds; while they go on, the leader dies and another takes over."""
    for number in range(ROUNDS_BEFORE):
        yield number
    before = await cluster.leader()
    # In the middle of a round, not between two.
    asyncio.get_running_loop().call_later(
        0.005, lambda: asyncio.ensure_future(cluster.kill(before))
    )
    for number in range(ROUNDS_BEFORE, ROUNDS_BEFORE + ROUNDS_AFTER):
        yield number
    await eventually(cluster.is_whole, RECOVERED_WITHIN_SECONDS)


async def test_of_appends_at_one_sequence_exactly_one_is_stored(cluster):
    submitted = await submit(cluster, "appends")
    orchestrators = await racers(cluster, ORCHESTRATOR)
    last, acknowledged = submitted.sequence, 0

    async for number in rounds(cluster):
        everybody = asyncio.Barrier(RACERS)
        appends = (
            append_at(core, last, submitted.id, conflict(number, index), everybody)
            for index, core in enumerate(orchestrators)
        )
        won = [one for one in await asyncio.gather(*appends) if one is not None]

        added = [one.sequence for one in await lying(orchestrators[0], "appends", last)]
        assert len(added) == 1, "of one sequence there is one next fact"
        # An acknowledgement may be lost with the leader; then nobody is told that he has won.
        assert [one.sequence for one in won] in ([], added)
        last, acknowledged = added[0], acknowledged + len(won)

    assert acknowledged >= ROUNDS_BEFORE + ROUNDS_AFTER - 2


async def append_at(
    core: Core, last: int, cause_id: str, body: TaskConflicted, everybody: asyncio.Barrier
) -> Fact[TaskConflicted] | None:
    """The fact, if it was the next one after sequence `last`; begun when everybody is ready."""
    run = await when_led(lambda: core.bus.runs.read("appends", "r-1", at_least=last))
    assert run.last_sequence == last, "nobody has moved it since the last round"
    await everybody.wait()
    try:
        return await core.bus.append(run, cause_id, body)
    except (Stale, LogUnavailable):
        return None


async def lying(core: Core, tenant: str, after: int = 0) -> list[Stored]:
    """What the leader has of the tenant's runs; a follower may lag."""
    subject, far = f"run.{tenant}.>", after + 1_000_000
    return await when_led(lambda: core.bus.runs._reader._rest(subject, after + 1, far))


async def when_led(read: Callable[[], Awaitable[T]]) -> T:
    """What is read; while a leader is chosen nobody answers, however patient one read is."""
    return await patiently(read, LogUnavailable, RECOVERED_WITHIN_SECONDS)


async def test_of_claims_on_one_subject_exactly_one_is_won(cluster):
    submitted = await submit(cluster, "claims")
    routers = await racers(cluster, ROUTER)
    told = 0

    async for number in rounds(cluster):
        mine = [claimed(attempt=number + 1, nonce=f"n-{number}-{index}") for index in range(RACERS)]
        claims = (is_won(core, submitted, body) for core, body in zip(routers, mine, strict=True))
        answers = await asyncio.gather(*claims)
        won = [body.nonce for body, answer in zip(mine, answers, strict=True) if answer]

        place = f"run.claims.r-1.model.claimed.{mine[0].key}"
        lies = [one for one in await lying(routers[0], "claims") if one.subject == place]
        assert len(lies) == 1
        # Who could not read back does not act, though the claim may be his.
        assert won in ([], [nonce_of(lies[0])])
        told += len(won)

    assert told >= ROUNDS_BEFORE + ROUNDS_AFTER - 2


async def is_won(core: Core, cause: Fact[Body], body: ModelClaimed) -> bool:
    try:
        return await core.bus.claim(cause, body)
    except LogUnavailable:
        return False


def nonce_of(claim: Stored) -> str:
    return str(json.loads(claim.body)["nonce"])


async def test_a_fact_that_others_add_goes_beside_an_append_and_neither_is_lost(cluster):
    """The guard excludes appends with the same filter; whoever only adds is not held up by it."""
    orchestrator = await cluster.connect_to(0, ORCHESTRATOR)
    guardrail = await cluster.connect_to(1, GUARDRAIL)
    stale = 0

    for number in range(ROUNDS_BEFORE):
        run_id = f"r-{number}"
        submitted = await submit(cluster, "beside", run_id)
        run = await orchestrator.bus.runs.read("beside", run_id, at_least=submitted.sequence)
        appended, said = await asyncio.gather(
            orchestrator.bus.append(run, submitted.id, conflict(0, 0)),
            guardrail.bus.say(submitted, task_cleared()),
            return_exceptions=True,
        )

        ids = [
            one.headers["ce-id"] for one in await lying(orchestrator, "beside", run.last_sequence)
        ]
        assert said.id in ids
        if isinstance(appended, Stale):
            stale += 1
        else:
            assert appended.id in ids
        assert len(ids) == 2 - isinstance(appended, Stale)

    assert stale < ROUNDS_BEFORE, "an append gets through"
