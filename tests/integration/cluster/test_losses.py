"""What was acknowledged is in the log, once, whatever became of the nodes meanwhile."""

import asyncio
from collections import Counter

import pytest

from contracts.history import Run
from contracts.subjects import ORCHESTRATOR
from shared.service import Core
from tests.integration.cluster.chain import TYPES, Chain
from tests.integration.cluster.cluster_platform import RECOVERED_WITHIN_SECONDS, ClusterPlatform
from tests.integration.eventually import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

FROZEN_SECONDS = 3.0
RUNS_BETWEEN_STRIKES = 8


async def strike(cluster: ClusterPlatform, chain: Chain) -> None:
    """Freeze a follower and kill the leader, with work that gets done before, between and after."""
    await more_runs(chain)
    async with cluster.frozen(await cluster.follower()):
        await asyncio.sleep(FROZEN_SECONDS)
    await more_runs(chain)
    await cluster.kill(await cluster.leader())
    await more_runs(chain)


async def more_runs(chain: Chain) -> None:
    wanted = len(chain.claims) + RUNS_BETWEEN_STRIKES
    await eventually(lambda: len(chain.claims) >= wanted, RECOVERED_WITHIN_SECONDS)


async def test_nothing_acknowledged_is_lost_or_doubled_and_nobody_hangs(cluster):
    chain = Chain("losses")
    await chain.begin(cluster)
    enough = asyncio.Event()
    producing = asyncio.create_task(chain.submit(cluster, enough))

    await strike(cluster, chain)
    enough.set()
    await producing

    done = lambda: set(chain.claims) >= set(chain.submitted)  # noqa: E731 - one line, one use
    await eventually(done, RECOVERED_WITHIN_SECONDS)
    await eventually(
        lambda: all(one.trouble is None for one in chain.loops), RECOVERED_WITHIN_SECONDS
    )
    await eventually(cluster.is_whole, RECOVERED_WITHIN_SECONDS)
    for node in range(3):
        reader = await cluster.connect_to(node, ORCHESTRATOR)
        assert await lost(reader, chain) == []
        for run_id in chain.submitted:
            assert await facts_of(reader, chain.tenant, run_id) == Counter(TYPES)
    assert set(chain.claims.values()) == {1}
    assert await cluster.dead_letters() == []


async def lost(reader: Core, chain: Chain) -> list[str]:
    """Facts that were acknowledged, and do not lie where the acknowledgement said."""
    stored = await reader.bus.runs._reader.read(f"run.{chain.tenant}.>", 1)
    lying = {one.sequence: one.headers["ce-id"] for one in stored}
    return [fact.id for fact in chain.facts if lying.get(fact.sequence) != fact.id]


async def facts_of(reader: Core, tenant: str, run_id: str) -> Counter[str]:
    """What the fold takes of a run, by type."""
    run: Run = await reader.bus.read(tenant, run_id)
    facts = {fact.id: fact.type for fact in await reader.bus.runs.facts(tenant, run_id)}
    return Counter(facts[each] for each in run.seen)
