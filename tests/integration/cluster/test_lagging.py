"""A replica that is behind is never believed about what it does not show."""

import pytest

from contracts.history import Run
from contracts.subjects import CONSOLE, GUARDRAIL, ORCHESTRATOR
from shared.bus import Heard
from tests.bodies import task, task_cleared
from tests.integration.cluster.cluster_platform import RECOVERED_WITHIN_SECONDS
from tests.integration.eventually import eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

RUNS = 30


@pytest.mark.parametrize("delivery", [1, 2])
async def test_what_was_heard_is_read_although_the_nearest_replica_was_frozen(cluster, delivery):
    await eventually(cluster.is_whole, RECOVERED_WITHIN_SECONDS)
    leader, follower = await cluster.leader(), await cluster.follower()
    # Its connection must outlive the pause.
    slow = await cluster.connect(
        ORCHESTRATOR, nats_url=cluster.server.nodes[follower].url, ping_seconds=60
    )
    console = await cluster.connect_to(leader, CONSOLE)
    guardrail = await cluster.connect_to(leader, GUARDRAIL)
    tenant = f"lag-{delivery}"

    async with cluster.frozen(follower):
        heard = []
        for number in range(RUNS):
            submitted = await console.bus.append(Run(tenant, f"r-{number}"), "", task())
            heard.append(await guardrail.bus.say(submitted, task_cleared()))

    for fact in reversed(heard):
        run = await slow.bus.run(Heard(fact, delivery))
        assert run.last_sequence >= fact.sequence
        assert run.verdict is not None


async def test_what_a_replica_does_not_show_is_read_from_the_leader(cluster, monkeypatch):
    console = await cluster.connect(CONSOLE)
    last = (await console.bus.append(Run("behind", "r-1"), "", task())).sequence
    reader = console.bus.runs._reader

    async def nothing(*_: object) -> object:
        return type("Answer", (), {"messages": [], "more": False, "refusal": None})()

    monkeypatch.setattr(reader, "_ask", nothing)

    read = await reader.read("run.behind.r-1.>", 1, last)
    found = [
        *read,
        await reader.at(last),
        await reader.last("run.behind.r-1.task.submitted"),
    ]
    assert [one.sequence for one in found] == [last] * 3
    assert all(one == read[0] for one in found)
    assert await reader.last("run.behind.r-2.task.submitted") is None
