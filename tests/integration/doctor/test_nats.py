"""On a real server: what is wrong with nodes and streams is made so, and the doctor names it."""

import asyncio

import pytest
from nats.js import JetStreamContext
from nats.js.api import StreamConfig
from nats.js.errors import ServiceUnavailableError

from contracts.subjects import RUNS
from infra.doctor.clocks import look_at_clocks
from infra.doctor.consumers import look_at_consumers
from infra.doctor.permissions import look_at_permissions
from infra.doctor.servers import look_at_servers
from infra.doctor.storage import look_at_storage
from infra.doctor.streams import look_at_streams
from infra.platform.ports import LOOPBACK, choose_port
from tests.integration.engine import nats_server


async def test_a_server_as_we_configure_it_is_well(amiss):
    assert await amiss(look_at_servers) == {}
    assert await amiss(look_at_streams) == {}
    assert await amiss(look_at_permissions) == {}
    assert await amiss(look_at_storage) == {}
    assert "nats" not in " ".join(await amiss(look_at_clocks))


async def test_a_server_that_is_not_there_fails_once_and_is_skipped_elsewhere(amiss):
    away = f"{LOOPBACK}:{choose_port()}"
    changes = {"nats_urls": (f"nats://{away}",), "monitoring_urls": ()}

    assert (await amiss(look_at_servers, **changes))[away].state == "fail"
    for look in (look_at_streams, look_at_consumers):
        assert (await amiss(look, **changes))["looked"].state == "skipped"
    assert {one.state for one in (await amiss(look_at_permissions, **changes)).values()} == {"fail"}


async def test_each_node_that_is_named_is_asked(amiss, engine):
    away = f"{LOOPBACK}:{choose_port()}"

    found = await amiss(look_at_servers, nats_urls=(engine.server.url, f"nats://{away}"))

    assert list(found) == [away]


async def test_somebody_else_at_the_port_is_no_nats_server(amiss):
    async def answer(_, writer):
        writer.write(b"220 mail.example ESMTP\r\n")
        writer.close()

    server = await asyncio.start_server(answer, LOOPBACK, 0)
    async with server:
        port = server.sockets[0].getsockname()[1]

        [finding] = (
            await amiss(look_at_servers, nats_urls=(f"nats://{LOOPBACK}:{port}",))
        ).values()

    assert "no nats-server" in finding.detail


async def test_a_server_that_lets_everybody_in_fails(amiss, tmp_path):
    async with nats_server(tmp_path) as url:
        found = await amiss(look_at_servers, nats_urls=(url,))

    assert [one.detail for one in found.values()] == ["it lets in whoever has no key"]


async def test_a_log_that_does_not_answer_fails_and_names_what_it_said(amiss, monkeypatch):
    async def refuse(*_):
        raise ServiceUnavailableError(code=503, err_code=10008, description="no meta leader")

    monkeypatch.setattr(JetStreamContext, "streams_info", refuse)

    finding = (await amiss(look_at_streams))["looked"]

    assert (finding.state, "no meta leader" in finding.detail) == ("fail", True)


async def test_a_stream_that_was_deleted_is_missing(amiss, engine):
    js = await engine.jetstream()
    await js.delete_stream("CONTROL")

    found = await amiss(look_at_streams)

    assert {name: one.detail for name, one in found.items()} == {"CONTROL": "does not exist"}


async def test_a_setting_that_was_changed_is_named(amiss, engine):
    js = await engine.jetstream()
    config = (await js.stream_info("DEAD")).config
    await js.update_stream(config.evolve(max_age=3600.0))

    found = await amiss(look_at_streams)

    assert [(name, one.state) for name, one in found.items()] == [("DEAD max_age", "fail")]
    assert "3600" in found["DEAD max_age"].detail


async def test_a_stream_of_another_size_works_and_is_told(amiss, engine):
    js = await engine.jetstream()
    config = (await js.stream_info(RUNS)).config
    await js.update_stream(config.evolve(max_bytes=2**21))

    assert (await amiss(look_at_streams))["RUNS max_bytes"].state == "warn"


@pytest.mark.parametrize(("facts", "state"), [(18, "warn"), (21, "fail")])
async def test_a_stream_that_is_nearly_full_is_noticed_before_it_is(amiss, engine, facts, state):
    js = await engine.jetstream()
    config = (await js.stream_info(RUNS)).config
    await js.update_stream(config.evolve(max_bytes=220_000))
    for number in range(facts):
        await js.publish(f"run.acme.r-{number}.task.submitted", b"x" * 10_000)

    assert (await amiss(look_at_streams))["RUNS room"].state == state


async def test_a_bucket_of_somebody_else_is_told(amiss, engine):
    js = await engine.jetstream()
    await js.create_key_value(bucket="theirs")
    await js.add_stream(StreamConfig(name="ORDERS", subjects=["orders.>"]))

    found = await amiss(look_at_streams)

    assert {name: one.state for name, one in found.items()} == {
        "KV_theirs": "warn",
        "ORDERS": "warn",
    }


async def test_fewer_copies_than_are_claimed_fail(amiss):
    found = await amiss(look_at_streams, durability="replicated")

    assert "RUNS num_replicas" in found
