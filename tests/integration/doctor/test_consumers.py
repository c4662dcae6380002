"""On a real server: consumers that are gone, changed, unheard or behind, each by its finding."""

import pytest
from nats.js.api import ConsumerConfig

from contracts.subjects import LEDGER, ROUTER, RUNS
from infra.doctor import consumers, hearing
from infra.doctor.consumers import look_at_consumers


@pytest.fixture
def one_look(monkeypatch):
    """Nobody pulls here, and it need not be found out four times."""
    monkeypatch.setattr(consumers, "LOOKS", 1)


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
