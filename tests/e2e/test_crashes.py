"""Each service is killed with SIGKILL in mid-run, once; the run ends as if nothing had been.

`make chaos` kills at random moments, many times over, and all parts of the platform.
"""

import signal
import uuid

import psutil
import pytest

from contracts.subjects import (
    CONSOLE,
    ENDS,
    EVALUATOR,
    EXECUTOR,
    GUARDRAIL,
    LEDGER,
    OBSERVER,
    ORCHESTRATOR,
    ROUTER,
    SERVICES,
)
from infra.demo.scenes import completed

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

# The fact after which each dies: the moment at which it has begun and not ended.
MOMENTS = {
    GUARDRAIL: "tool.requested",
    ORCHESTRATOR: "model.responded",
    LEDGER: "model.requested",
    ROUTER: "model.claimed",
    EXECUTOR: "tool.claimed",
    EVALUATOR: "answer.proposed",
    OBSERVER: "model.responded",
    CONSOLE: "model.responded",
}


def kill(platform, name: str) -> None:
    psutil.Process(platform.supervisor.pid(name)).send_signal(signal.SIGKILL)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_run_survives_the_death_of(service, platform, stage):
    """Killed at its worst moment, and brought back: one end, one refund, no money adrift."""
    run_id = f"crash-{uuid.uuid4().hex[:8]}"
    await stage.submit(run_id, "Please slowly refund order 9001.")
    await stage.follower.wait_for(run_id, MOMENTS[service])

    kill(platform, service)

    run = await stage.finished(run_id)
    assert completed(run), run.end
    ends = [fact.type for fact in await stage.facts(run_id) if fact.type in ENDS]
    assert ends == ["run.completed"]
    effects = await stage.effects(run_id)
    assert len(effects) == len(set(effects)) == 1
    await stage.follower.wait_for(run_id, "run.evaluated")
    await platform.wait_until_ready(service)


async def test_a_run_survives_the_restart_of_the_log(platform, stage):
    """nats-server is killed and comes back: what it acknowledged is still there."""
    run_id = f"log-{uuid.uuid4().hex[:8]}"
    await stage.submit(run_id, "Please slowly refund order 9001.")
    await stage.follower.wait_for(run_id, "tool.claimed")

    kill(platform, "nats")

    run = await stage.ended_in_log(run_id)
    assert completed(run), run.end
    assert len(await stage.effects(run_id)) == 1
