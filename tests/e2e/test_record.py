"""The record on a real platform: traces on the wire, and whatever may be away meanwhile.

One run with a fallback, a review and an orchestrator killed in between: what the back end received
is looked at span by span, and is what the log tells again.
"""

import asyncio
import re
import signal
import uuid
from collections import Counter
from dataclasses import replace

import httpx
import psutil
import pytest
import pytest_asyncio

from contracts.subjects import OBSERVER, ORCHESTRATOR, SERVICES
from infra.demo.scenes import completed
from infra.demo.stage import Stage
from infra.dev.platform import DevPlatform
from shared.telemetry import semconv
from shared.tracing.trace import trace_of
from tests.e2e.commands import interlock
from tests.e2e.conftest import ignore, options
from tests.integration.eventually import eventually
from tests.otlp import receiver

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

WAIT_SECONDS = 30.0
SENDERS = {f"interlock.{service}" for service in SERVICES}
DELIVERED_SECONDS = 0.3  # a message that was stored lies in the socket of whoever asked for it


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def back_end():
    async with receiver() as told:
        yield told


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def observed(tmp_path_factory, back_end):
    """A platform that sends its traces to the receiver."""
    chosen = replace(
        options(tmp_path_factory.mktemp("observed")),
        extra_env={
            "OTEL_EXPORTER_OTLP_ENDPOINT": back_end.url,
            "OTEL_METRIC_EXPORT_INTERVAL": "500",
        },
    )
    async with (
        DevPlatform.running(chosen, ignore, ignore) as platform,
        Stage.on(platform, ignore) as stage,
    ):
        yield platform, stage


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def eventful(observed, back_end):
    """The run: openai is down, the orchestrator is killed, a person approves."""
    platform, stage = observed
    run_id = f"eventful-{uuid.uuid4().hex[:8]}"
    await stage.break_provider("openai")
    try:
        await stage.submit(run_id, "Now refund all of order 1042.")
        await stage.follower.wait_for(run_id, "model.attempt_requested")
        # It stands still with a message in its hand when it is killed.
        orchestrator = psutil.Process(platform.supervisor.pid(ORCHESTRATOR))
        orchestrator.suspend()
        await stage.follower.wait_for(run_id, "model.responded")
        await asyncio.sleep(DELIVERED_SECONDS)
        orchestrator.kill()
        await stage.answer(run_id, "approve", "it never came")
        run = await stage.finished(run_id)
        await stage.follower.wait_for(run_id, "run.evaluated")
    finally:
        await stage.mend_providers()
    assert completed(run), run.end
    facts = await stage.facts(run_id)
    expected = trace_of(facts)
    await eventually(lambda: len(back_end.of_run(run_id)) >= len(expected), WAIT_SECONDS)
    return run_id, facts, expected, back_end.of_run(run_id)


async def test_the_back_end_has_what_the_log_tells_again_span_by_span(eventful):
    _, _, expected, received = eventful

    ours = {
        (one.trace_id, one.span_id): (
            one.name,
            f"interlock.{one.service}",
            one.parent_id or "",
            (one.start_ns, one.end_ns),
            dict(one.attributes),
            [(link.trace_id, link.span_id) for link in one.links],
        )
        for one in expected
    }
    theirs = {
        one.key: (
            one.span.name,
            one.service,
            one.span.parent_span_id.hex(),
            (one.span.start_time_unix_nano, one.span.end_time_unix_nano),
            one.attributes,
            [(link.trace_id.hex(), link.span_id.hex()) for link in one.span.links],
        )
        for one in received
    }
    assert theirs == ours


async def test_its_spans_tell_the_whole_story(eventful):
    _, _, _, received = eventful
    names = Counter(one.span.name for one in received)
    calls = [one for one in received if one.span.name.startswith("chat ")]

    assert names["execute_tool issue_refund"] == 1
    assert names["review issue_refund"] == 1
    assert names["evaluate"] == 1
    failed = [one for one in calls if semconv.ERROR_TYPE in one.attributes]
    assert failed
    assert all(one.span.status.code == 2 for one in failed)
    assert {one.attributes[semconv.PROVIDER_NAME] for one in calls} == {"openai", "anthropic"}
    assert all(one.attributes[semconv.CONVERSATION_ID] for one in received)


async def test_a_wait_and_a_death_each_begin_a_trace_that_links_to_the_one_before(eventful):
    _, _, _, received = eventful
    roots = sorted(
        (one for one in received if one.span.name.startswith("invoke_agent ")),
        key=lambda one: one.attributes[semconv.SEGMENT],
    )

    reasons = [link.attributes[0].value.string_value for root in roots for link in root.span.links]
    assert "human_wait" in reasons
    # A successor that was up within the gap takes over what was in hand; a slower one comes late.
    assert {"redelivery", "wait"} & set(reasons)
    known = {root.key for root in roots}
    for root in roots:
        for link in root.span.links:
            assert (link.trace_id.hex(), link.span_id.hex()) in known
    assert len({one.span.trace_id for one in received}) == len(roots)


async def test_no_span_is_open_while_a_person_is_waited_for(eventful):
    _, facts, _, received = eventful
    asked = next(fact for fact in facts if fact.type == "review.requested")
    answered = next(fact for fact in facts if fact.type == "review.answered")

    before, after = (int(one.stored_at.timestamp() * 1e9) for one in (asked, answered))

    for one in received:
        spans_the_wait = (
            one.span.start_time_unix_nano < before and one.span.end_time_unix_nano > after
        )
        assert not spans_the_wait, one.span.name


async def test_no_name_has_an_id_and_nothing_is_told_of_what_was_said(eventful, back_end, observed):
    run_id, facts, _, received = eventful
    platform, _ = observed

    for one in received:
        assert run_id not in one.span.name
        assert not re.search(r"[0-9a-f]{8}", one.span.name)
    sent = b"".join(back_end.bodies)
    for secret in (b"refund all of order", b"It never came", platform.token.encode()):
        assert secret not in sent
    assert any("It never came" in fact.body.model_dump_json() for fact in facts)


async def test_metrics_and_logs_of_every_service_arrive_too(eventful, back_end):
    run_id, facts, expected, _ = eventful
    traces = {span.trace_id for span in expected}

    def lines():
        return [
            {one.key: one.value.string_value for one in record.attributes}
            | {"trace": record.trace_id.hex()}
            for record in back_end.logs
        ]

    await eventually(lambda: {one.service for one in back_end.metrics} == SENDERS, WAIT_SECONDS)
    names = {one.name for one in back_end.metrics}
    assert {"interlock_runs_finished", "gen_ai.client.operation.duration"} <= names
    ours = [one for one in lines() if one.get("interlock.run.id") == run_id]
    assert ours
    assert {one["trace"] for one in ours} <= traces | {""}
    assert {one["service"] for one in lines()} >= {"orchestrator", "tool_executor"}
    assert facts


async def test_the_trace_is_sent_again_by_a_command(eventful, observed, back_end, tmp_path):
    run_id, _, expected, _ = eventful
    platform, _ = observed

    async with receiver() as other:
        home, run = platform.places.home.path, (run_id, "--tenant", "demo")
        said = await interlock(home, "traces", "rebuild", *run, "--to", other.url)
        shown = await interlock(home, "traces", "show", *run)

    assert said.startswith("1 run, ")
    assert sorted(one.key for one in other.spans) == sorted(
        (one.trace_id, one.span_id) for one in expected
    )
    assert "goes on after: human_wait" in shown


async def test_a_run_of_a_caller_lies_in_the_trace_of_the_caller(observed, back_end):
    platform, stage = observed
    run_id = f"called-{uuid.uuid4().hex[:8]}"
    caller = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    body = {"agent": "support", "input": "hello", "tenant": "demo", "run_id": run_id}
    headers = {"authorization": f"Bearer {platform.token}", "traceparent": caller}
    async with httpx.AsyncClient(headers=headers) as http:
        (await http.post(f"{platform.console_url}/api/v1/tasks", json=body)).raise_for_status()
    await stage.finished(run_id)

    await eventually(
        lambda: any(one.span.name.startswith("invoke") for one in back_end.of_run(run_id)),
        WAIT_SECONDS,
    )

    root = next(one for one in back_end.of_run(run_id) if one.span.name.startswith("invoke"))
    assert root.span.trace_id.hex() == caller.split("-")[1]
    assert root.span.parent_span_id.hex() == caller.split("-")[2]


@pytest.mark.parametrize("mode", ["hang", "refuse"])
async def test_a_back_end_that_is_away_keeps_nothing_from_running(observed, back_end, mode):
    platform, stage = observed
    run_id = f"{mode}-{uuid.uuid4().hex[:8]}"
    back_end.mode = mode
    try:
        await stage.submit(run_id, "Please slowly refund order 9001.")
        run = await stage.finished(run_id)
        assert completed(run), run.end
        await listed(platform, run_id)
    finally:
        back_end.mode = "take"


async def test_a_dead_observer_keeps_nothing_from_running_and_misses_nothing(observed, back_end):
    platform, stage = observed
    run_id = f"unseen-{uuid.uuid4().hex[:8]}"
    await platform.supervisor.stop(OBSERVER)

    await stage.submit(run_id, "Please slowly refund order 9001.")
    run = await stage.finished(run_id)

    assert completed(run), run.end
    assert back_end.of_run(run_id) == []
    await platform.start_service(OBSERVER)
    await listed(platform, run_id)
    expected = trace_of(await stage.facts(run_id))
    await eventually(lambda: len(back_end.of_run(run_id)) >= len(expected), WAIT_SECONDS)


async def test_killed_in_the_middle_it_tells_every_span_all_the_same(observed, back_end):
    platform, stage = observed
    run_id = f"killed-{uuid.uuid4().hex[:8]}"
    await stage.submit(run_id, "Please slowly refund order 9001.")
    await stage.follower.wait_for(run_id, "tool.claimed")

    psutil.Process(platform.supervisor.pid(OBSERVER)).send_signal(signal.SIGKILL)

    run = await stage.finished(run_id)
    assert completed(run), run.end
    expected = {(one.trace_id, one.span_id) for one in trace_of(await stage.facts(run_id))}
    await eventually(lambda: expected <= {one.key for one in back_end.of_run(run_id)}, WAIT_SECONDS)


async def listed(platform: DevPlatform, run_id: str) -> None:
    """Wait until the list of runs has it as completed."""
    headers = {"authorization": f"Bearer {platform.token}"}
    async with httpx.AsyncClient(headers=headers) as http, asyncio.timeout(WAIT_SECONDS):
        while True:
            found = (await http.get(f"{platform.console_url}/api/v1/runs")).json()
            if {"completed"} == {one["status"] for one in found if one["run_id"] == run_id}:
                return
            await asyncio.sleep(0.05)
