"""The embedded nats-server, for real."""

import os
import signal

import nats
import pytest

from infra.platform.child import ChildEvent, Restarted
from infra.platform.errors import ConfigRefused, NotReady, ProgramMissing
from infra.platform.home import Home
from infra.platform.nats import Durability, NatsServer, find_nats_server, nats_server_version
from infra.platform.nats_identity import ensure_nats_users
from infra.platform.processes import Supervisor
from tests.infra.platform.waiting import is_running, until


def server_in(home: Home, **options) -> NatsServer:
    return NatsServer(home, port=0, monitoring_port=0, **options)


@pytest.fixture
async def watched():
    events: list[ChildEvent] = []
    async with Supervisor(events.append) as supervisor:
        yield supervisor, events


async def quietly(_: Exception) -> None:
    """The client is told of each lost connection; the tests look at what comes after."""


async def test_jetstream_answers_when_start_returns(home, watched):
    server = server_in(home)

    await server.start(watched[0])

    async with await nats.connect(server.url) as client:
        stream = await client.jetstream().add_stream(name="S", subjects=["s.>"])
        assert stream.config.name == "S"


async def test_a_killed_server_comes_back_with_its_messages(home, watched):
    supervisor, events = watched
    server = server_in(home)
    await server.start(supervisor)
    client = await nats.connect(server.url, reconnect_time_wait=0.1, error_cb=quietly)
    stream = client.jetstream()
    await stream.add_stream(name="S", subjects=["s.>"])
    await stream.publish("s.1", b"kept")

    os.kill(supervisor.pid("nats"), signal.SIGKILL)

    await until(lambda: isinstance(events[-1], Restarted))
    await until(lambda: client.is_connected and client.stats["reconnects"])
    assert (await stream.get_last_msg("S", "s.1")).data == b"kept"
    await client.close()


async def test_a_stopped_server_is_gone(home, watched):
    supervisor, _ = watched
    await server_in(home).start(supervisor)
    pid = supervisor.pid("nats")

    await supervisor.stop_all()

    assert not is_running(pid)


async def test_only_users_named_in_the_authorization_are_let_in(home, watched):
    user = ensure_nats_users(home, ["console"])["console"]
    server = server_in(
        home, authorization=f"authorization {{ users: [{{nkey: {user.public_key}}}] }}"
    )
    await server.start(watched[0])

    client = await nats.connect(server.url, nkeys_seed=str(user.seed_file))
    await client.flush()
    await client.close()

    stranger = nats.NATS()
    with pytest.raises(nats.errors.Error, match="Authorization"):
        await stranger.connect(server.url, allow_reconnect=False, error_cb=quietly)
    await stranger.close()


async def test_authorization_that_does_not_parse_is_refused_before_the_start(home, watched):
    supervisor, events = watched

    with pytest.raises(ConfigRefused, match=r"nats\.conf"):
        await server_in(home, authorization="authorization { users: [").start(supervisor)

    assert events == []


async def test_durable_mode_flushes_every_write(home, watched):
    server = server_in(home, durability=Durability.DURABLE)

    await server.start(watched[0])

    assert "sync_interval: always\n" in (home.nats / "nats.conf").read_text()


def test_fast_mode_leaves_the_flushing_to_the_server(home):
    assert "sync_interval" not in server_in(home).config_text()


async def test_a_server_that_cannot_bind_is_not_ready(home, watched, tmp_path, monkeypatch):
    monkeypatch.setattr("infra.platform.nats.READY_TIMEOUT_SECONDS", 1.0)
    server = server_in(home)
    await server.start(watched[0])
    other = Home(tmp_path / "other")
    other.create()
    late = server_in(other)
    late.port = server.port

    async with Supervisor(lambda _: None) as supervisor:
        with pytest.raises(NotReady, match="address already in use"):
            await late.start(supervisor)


async def test_two_homes_run_at_once(tmp_path, watched):
    servers = []
    async with Supervisor(lambda _: None) as second:
        for name, supervisor in (("one", watched[0]), ("two", second)):
            home = Home(tmp_path / name)
            home.create()
            server = NatsServer(home)
            await server.start(supervisor)
            servers.append(server)

        assert servers[0].port != servers[1].port
        for server in servers:
            async with await nats.connect(server.url) as client:
                await client.jetstream().add_stream(name="S", subjects=["s.>"])


async def test_the_binary_of_the_wheel_says_its_version():
    assert await nats_server_version(find_nats_server()) >= (2, 15)


def test_a_missing_binary_is_explained(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.prefix", str(tmp_path))

    with pytest.raises(ProgramMissing, match="uv sync"):
        find_nats_server({"PATH": str(tmp_path)})
