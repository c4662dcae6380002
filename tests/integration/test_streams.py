"""Streams and consumers on a real server: made once, left alone, and never bent by force."""

from dataclasses import replace

import nats
import pytest
from nats.js.api import ConsumerConfig, StreamConfig
from nats.js.errors import APIError, NotFoundError

from contracts.hearings import HEARINGS
from contracts.subjects import CRASHES, DEAD, EXECUTOR, RUNS, TIMERS, stream_subjects
from infra.streams import (
    RETIRED_CONSUMERS,
    Bounds,
    StreamIncompatible,
    UnknownDurability,
    ensure_streams,
    stream_configs,
)
from infra.streams.configs import UNAWAITED
from tests.integration.engine import nats_server

ASKED = 20  # a second one that answered would take half of them
BOUNDS = Bounds(runs_bytes=8_000_000, timers_bytes=1_000_000, dead_bytes=1_000_000)


@pytest.fixture
async def js(tmp_path):
    async with nats_server(tmp_path) as url:
        connection = await nats.connect(url)
        yield connection.jetstream()
        await connection.close()


async def test_everything_of_the_table_is_made(js):
    done = await ensure_streams(js, bounds=BOUNDS)

    assert len(done) == len(stream_configs(1, BOUNDS)) + len(HEARINGS) + 1
    runs = (await js.stream_info(RUNS)).config
    assert set(runs.subjects) == set(stream_subjects())
    for hearing in HEARINGS:
        found = (await js.consumer_info(RUNS, hearing.durable)).config
        heard = found.filter_subjects or [found.filter_subject]
        assert set(heard) == set(hearing.filters)
        longer = 1 if hearing.is_awaited else UNAWAITED
        assert found.ack_wait == Bounds().ack_wait_seconds * longer
        assert found.max_deliver == (hearing.deliveries or -1)


async def test_a_consumer_that_nobody_hears_any_more_is_dropped(js):
    await ensure_streams(js, bounds=BOUNDS)
    stream, durable = RETIRED_CONSUMERS[0]
    await js.add_consumer(stream, ConsumerConfig(durable_name=durable))

    done = await ensure_streams(js, bounds=BOUNDS)

    assert len(done) == 1
    with pytest.raises(NotFoundError):
        await js.consumer_info(stream, durable)


async def test_history_is_closed_to_whatever_could_rewrite_it(js):
    await ensure_streams(js, bounds=BOUNDS)

    runs = (await js.stream_info(RUNS)).config

    assert (runs.retention, runs.discard, runs.max_age) == ("limits", "new", 0)
    assert (runs.deny_delete, runs.allow_direct, runs.duplicate_window) == (True, True, 120)
    switches = (runs.allow_msg_schedules, runs.allow_msg_ttl, runs.allow_rollup_hdrs)
    assert not any(switches)


@pytest.mark.parametrize(
    "headers", [{"Nats-Rollup": "all"}, {"Nats-TTL": "1s"}, {"Nats-Schedule": "@every 1s"}]
)
async def test_a_producer_cannot_wipe_expire_or_schedule_in_history(js, headers):
    await ensure_streams(js, bounds=BOUNDS)

    with pytest.raises(APIError):
        await js.publish("run.acme.r-1.task.submitted", b"{}", headers=headers)


async def test_a_second_time_changes_nothing(js):
    await ensure_streams(js, bounds=BOUNDS)
    before = [(await js.stream_info(name)).config for name in (RUNS, TIMERS, DEAD, CRASHES)]

    assert await ensure_streams(js, bounds=BOUNDS) == ()
    assert [(await js.stream_info(name)).config for name in (RUNS, TIMERS, DEAD, CRASHES)] == before


async def test_new_bounds_are_applied_to_what_is_there(js):
    await ensure_streams(js, bounds=BOUNDS)

    done = await ensure_streams(js, bounds=replace(BOUNDS, ack_wait_seconds=5.0))

    assert len(done) == len(HEARINGS) + 1
    assert all("ack_wait" in sentence for sentence in done)


async def test_an_older_table_is_brought_up_to_date(js):
    await js.add_stream(
        StreamConfig(name=RUNS, subjects=["run.*.*.task.submitted"], deny_delete=True)
    )

    done = await ensure_streams(js, bounds=BOUNDS)

    assert done[0].startswith("updated stream RUNS: ")


async def test_what_can_never_become_right_is_told_and_left_as_it_is(js):
    old = StreamConfig(name=RUNS, subjects=["run.>"], allow_msg_ttl=True, storage="memory")
    await js.add_stream(old)

    with pytest.raises(
        StreamIncompatible, match="stream RUNS exists and cannot be changed"
    ) as told:
        await ensure_streams(js, bounds=BOUNDS)

    assert any("storage" in difference for difference in told.value.differences)
    assert (await js.stream_info(RUNS)).config.subjects == ["run.>"]


async def test_an_unknown_durability_is_a_mistake_that_names_the_choices(js):
    with pytest.raises(UnknownDurability, match="fast, durable, replicated"):
        await ensure_streams(js, "eternal")


async def test_a_tenant_that_is_named_has_a_copy_with_a_consumer_and_nobody_hears_for_all(js):
    await ensure_streams(js, bounds=BOUNDS)

    done = await ensure_streams(js, bounds=BOUNDS, tenants=("acme",))
    again = await ensure_streams(js, bounds=BOUNDS, tenants=("acme",))

    assert done[:2] == ("made stream RUNS_acme", "made consumer RUNS_acme/tool_executor-acme")
    assert done[2:] == (f"dropped consumer {RUNS}/{EXECUTOR}: nobody hears it any more",)
    assert again == ()


async def test_a_copy_answers_for_itself_alone(js):
    """A filtered mirror would answer for the log too, and say that other tenants have no runs."""
    await ensure_streams(js, bounds=BOUNDS, tenants=("acme",))
    await js.publish("run.beta.r-1.task.submitted", b"{}")

    found = [await js.get_msg(RUNS, 1, direct=True) for _ in range(ASKED)]

    assert {(one.subject, one.headers["Nats-Stream"]) for one in found} == {
        ("run.beta.r-1.task.submitted", RUNS)
    }


async def test_a_tenant_that_is_named_no_more_loses_its_copy_and_all_are_heard_again(js):
    await ensure_streams(js, bounds=BOUNDS, tenants=("acme", "beta"))

    done = await ensure_streams(js, bounds=BOUNDS, tenants=("acme",))
    rest = await ensure_streams(js, bounds=BOUNDS)

    assert done == ("dropped stream RUNS_beta: its tenant is named no more",)
    assert rest == (
        f"made consumer {RUNS}/{EXECUTOR}",
        "dropped stream RUNS_acme: its tenant is named no more",
    )
