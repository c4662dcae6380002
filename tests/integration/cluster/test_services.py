"""A whole run of all services on three nodes, of which one dies in the middle of it."""

import os
import signal

import pytest

from contracts.subjects import ENDS, RUNS
from infra.demo.scenes import completed
from infra.demo.stage import Stage
from infra.dev.platform import DevOptions, DevPlatform
from infra.doctor.examination import chosen, examine
from infra.doctor.installation import Installation
from infra.platform.home import Home
from infra.platform.nats import Durability
from tests.e2e.conftest import SCENARIOS

# What a cluster answers in its own way.
ASKED = ("nats", "permissions", "streams", "consumers", "storage", "durability", "clock")
pytestmark = [pytest.mark.timeout(180)]


def ignore(_: object) -> None:
    """Neither progress nor events are of interest here."""


async def kill_leader(platform: DevPlatform) -> None:
    client = await platform.connect()
    info = await client.jetstream().stream_info(RUNS)
    await client.close()
    pid = platform.supervisor.pid(info.cluster.leader.replace("interlock", "nats"))
    os.kill(pid, signal.SIGKILL)


async def test_a_run_goes_on_when_the_leader_of_the_log_dies(tmp_path):
    options = DevOptions(
        Home(tmp_path),
        durability=Durability.REPLICATED,
        scenarios=SCENARIOS,
        console_port=0,
        nats_port=0,
    )
    async with DevPlatform.running(options, ignore, ignore) as platform:
        groups = await examine(Installation.found(options.home, {}), chosen(ASKED))
        found = [one for group in groups for one in group.findings]
        assert [one for one in found if one.state != "ok"] == []
        assert any(one.detail.startswith("replicated (3 nodes") for one in found), found
        async with Stage.on(platform, ignore) as stage:
            await stage.submit("r-1", "Please slowly refund order 9001.")
            await stage.follower.wait_for("r-1", "tool.requested")

            await kill_leader(platform)

            run = await stage.finished("r-1")
            assert completed(run), run.end
            facts = await stage.facts("r-1")
            assert [fact.type for fact in facts if fact.type in ENDS] == ["run.completed"]
            told = [fact.body for fact in facts if fact.type.startswith(("tool.", "result."))]
            assert len(await stage.effects("r-1")) == 1, told
