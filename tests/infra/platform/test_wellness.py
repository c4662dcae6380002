"""A child that says itself that it cannot work is restarted; one that is only silent is not."""

import resource
import sys

import nats
import pytest

from infra.platform.child import Restarted
from infra.platform.nats import NatsServer
from infra.platform.processes import Supervisor
from infra.platform.wellness import kept_well
from tests.infra.platform.waiting import until

SLEEP = "import time; time.sleep(60)"


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr("infra.platform.wellness.LOOK_SECONDS", 0.02)


async def test_a_child_that_goes_on_saying_it_is_unwell_is_restarted(python_child):
    events = []
    child = python_child(SLEEP)

    async def ailment() -> str | None:
        return None if any(isinstance(event, Restarted) for event in events) else "disk full"

    async with Supervisor(events.append) as supervisor:
        await supervisor.start(child)
        async with kept_well(supervisor, "child", ailment):
            await until(lambda: any(isinstance(event, Restarted) for event in events))

    assert "disk full" in child.log_file.read_text()


async def test_a_child_that_is_unwell_for_a_moment_is_left_alone(python_child):
    looks = 0

    async def ailment() -> str | None:
        nonlocal looks
        looks += 1
        return "for a moment" if looks % 2 else None

    async with Supervisor(lambda _: None) as supervisor:
        await supervisor.start(python_child(SLEEP))
        pid = supervisor.pid("child")
        async with kept_well(supervisor, "child", ailment):
            await until(lambda: looks > 10)
        assert supervisor.pid("child") == pid


@pytest.mark.skipif(sys.platform != "linux", reason="prlimit of another process is Linux's")
async def test_nats_server_takes_messages_again_after_its_disk_was_full(home):
    server = NatsServer(home, port=0, monitoring_port=0)
    async with Supervisor(lambda _: None) as supervisor:
        await server.start(supervisor)
        async with kept_well(supervisor, "nats", server.ailment):
            client = await nats.connect(server.url, max_reconnect_attempts=-1)
            jetstream = client.jetstream()
            await jetstream.add_stream(name="A", subjects=["a"])
            pid = supervisor.pid("nats")
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

            with pytest.raises(nats.errors.TimeoutError):
                await jetstream.publish("a", b"refused", timeout=0.5)
            # The next process has no such limit: there is space again.
            await until(lambda: supervisor.pid("nats") not in (pid, None))

            async def taken() -> bool:
                try:
                    await jetstream.publish("a", b"taken", timeout=0.5)
                except nats.errors.Error:
                    return False
                return True

            while not await taken():
                pass
            await client.close()
