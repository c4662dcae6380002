"""On a real server: each thing that can be broken is broken, and the doctor names it."""

import asyncio

import pytest
from nats.errors import ConnectionClosedError
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, StreamConfig
from nats.js.errors import ServiceUnavailableError

from contracts.subjects import LEDGER, ROUTER, RUNS
from infra.doctor import consumers, hearing, permissions
from infra.doctor.clocks import look_at_clocks
from infra.doctor.consumers import look_at_consumers
from infra.doctor.permissions import look_at_permissions
from infra.doctor.servers import look_at_servers
from infra.doctor.storage import look_at_storage
from infra.doctor.streams import look_at_streams
from infra.generate.permissions import USERS
from infra.platform.ports import LOOPBACK, choose_port
from tests.integration.engine import nats_server


@pytest.fixture
def one_look(monkeypatch):
    """Nobody pulls here, and it need not be found out four times."""
    monkeypatch.setattr(consumers, "LOOKS", 1)


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


async def test_a_consumer_that_was_deleted_is_missing(amiss, engine, one_look):
    js = await engine.jetstream()
    await js.delete_consumer(RUNS, LEDGER)

    found = await amiss(look_at_consumers)

    assert found[f"RUNS/{LEDGER}"].state == "fail"
    assert found[f"RUNS/{LEDGER}"].detail.startswith("does not exist")


async def test_a_consumer_that_nobody_pulls_from_names_its_service(amiss, one_look):
    finding = (await amiss(look_at_consumers))["TIMERS/orchestrator-timers hearing"]

    assert finding.state == "fail"
    assert "orchestrator does not run" in finding.detail
    assert finding.remedy.endswith("python -m services.orchestrator")


async def test_a_service_that_died_with_what_it_had_is_not_taken_for_a_busy_one(amiss, engine):
    js = await engine.jetstream()
    await js.publish("run.acme.r-1.task.submitted", b"{}")
    puller = await js.pull_subscribe_bind("guardrail_checker", stream=RUNS)
    await puller.fetch(1, timeout=5)

    finding = (await amiss(look_at_consumers))["RUNS/guardrail_checker hearing"]

    assert finding.state == "warn"
    assert "1 are in hand and nobody asks for more" in finding.detail


async def test_a_consumer_that_moves_between_two_looks_is_worked_on(engine):
    """With all its slots taken a service asks for nothing, however well it is."""
    js = await engine.jetstream()
    for number in range(2):
        await js.publish(f"run.acme.r-{number}.task.submitted", b"{}")
    puller = await js.pull_subscribe_bind("guardrail_checker", stream=RUNS)
    first, _ = await puller.fetch(2, timeout=5)
    before = await js.consumer_info(RUNS, "guardrail_checker")
    await first.ack_sync()
    after = await js.consumer_info(RUNS, "guardrail_checker")

    assert hearing.seen_in([before, after]).alive
    assert not hearing.seen_in([after, after]).alive


async def test_a_consumer_that_is_pulled_from_is_well(amiss, engine):
    core = await engine.connect(ROUTER)
    await engine.hear(core, ROUTER, {})

    found = await amiss(look_at_consumers)

    assert not [name for name in found if name.startswith(f"RUNS/{ROUTER}")]
    assert f"RUNS/{LEDGER} hearing" in found


async def test_a_consumer_setting_that_was_changed_is_named(amiss, engine, one_look):
    js = await engine.jetstream()
    config = (await js.consumer_info(RUNS, LEDGER)).config
    await js.add_consumer(RUNS, config.evolve(ack_wait=30.0))

    found = await amiss(look_at_consumers)

    assert "ack_wait is 30" in found[f"RUNS/{LEDGER} settings"].detail


async def test_what_waits_is_counted(amiss, engine, one_look, monkeypatch):
    monkeypatch.setattr(hearing, "LAG_MESSAGES", 3)
    js = await engine.jetstream()
    for number in range(3):
        await js.publish(f"run.acme.r-{number}.task.submitted", b"{}")

    found = await amiss(look_at_consumers)

    assert "3 messages wait" in found["RUNS/guardrail_checker lag"].detail


async def test_what_is_tried_again_and_again_is_counted(amiss, engine, one_look, monkeypatch):
    monkeypatch.setattr(hearing, "REDELIVERED_MESSAGES", 1)
    js = await engine.jetstream()
    await js.publish("run.acme.r-1.task.submitted", b"{}")
    puller = await js.pull_subscribe_bind("guardrail_checker", stream=RUNS)
    for _ in range(2):
        (message,) = await puller.fetch(1, timeout=5)
        await message.nak()
    await puller.fetch(1, timeout=5)

    assert "RUNS/guardrail_checker redeliveries" in await amiss(look_at_consumers)


async def test_consumers_that_nobody_should_have_are_told(amiss, engine, one_look):
    js = await engine.jetstream()
    for durable in ("console", "spy"):
        await js.add_consumer(RUNS, ConsumerConfig(durable_name=durable))

    found = await amiss(look_at_consumers)

    assert "older release" in found["RUNS/console"].detail
    assert found["RUNS/spy"].remedy == "if unknown: nats consumer rm RUNS spy"


async def test_a_key_that_the_server_does_not_know_does_not_connect(amiss, engine):
    from infra.platform.home import Home
    from infra.platform.nats_identity import ensure_nats_users

    other = Home(engine.home.path / "other")
    other.create()
    swapped = ensure_nats_users(other, [LEDGER])[LEDGER].seed_file
    (engine.home.keys / f"{LEDGER}.nkey").write_text(swapped.read_text())

    found = await amiss(look_at_permissions)

    assert list(found) == [LEDGER]
    assert "does not let it in" in found[LEDGER].detail


async def test_a_file_that_is_no_key_does_not_connect_and_leaves_nothing_open(amiss, engine):
    (engine.home.keys / f"{LEDGER}.nkey").write_text("not a key\n")

    assert list(await amiss(look_at_permissions)) == [LEDGER]


async def test_keys_that_were_swapped_between_services_are_found_by_what_they_may(amiss, engine):
    ledger, router = (engine.home.keys / f"{name}.nkey" for name in (LEDGER, ROUTER))
    mine, theirs = ledger.read_text(), router.read_text()
    ledger.write_text(theirs)
    router.write_text(mine)

    found = await amiss(look_at_permissions)

    assert set(found) == {LEDGER, ROUTER}
    assert "may not say model.funded, which is its own" in found[LEDGER].detail


async def test_a_user_who_may_do_too_much_is_found_and_nothing_is_stored(amiss, engine):
    infra = engine.home.keys / "infra.nkey"
    (engine.home.keys / "evaluator.nkey").write_text(infra.read_text())
    js = await engine.jetstream()

    found = await amiss(look_at_permissions)

    assert "may say task.cleared, which only guardrail_checker may" in found["evaluator"].detail
    assert (await js.stream_info(RUNS)).state.messages == 0


async def test_without_an_answer_nobody_is_said_to_have_a_permission(amiss, monkeypatch):
    async def lost(*_):
        raise ConnectionClosedError

    monkeypatch.setattr(permissions, "_passes", lost)

    found = await amiss(look_at_permissions)

    assert {one.state for one in found.values()} == {"fail"}
    assert all("neither a refusal nor an answer" in one.detail for one in found.values())


async def test_no_user_is_left_out(amiss, installation):
    names = {one.name for one in await look_at_permissions(installation)}

    assert names == set(USERS)
