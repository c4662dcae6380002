"""A run as spans: over HTTP, as a tree in the terminal, and sent to a back end again."""

import asyncio
import json
import os
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from services.console.api.traces import SpanView
from services.console.cli.errors import FAILED, NOT_FOUND, USAGE
from services.console.cli.traces import ENDPOINT, tree
from services.observer.rules import project
from shared.redaction import redact
from shared.telemetry import semconv
from shared.telemetry.sender import CONTENT_TYPE
from shared.tracing.capture import Capture
from shared.tracing.trace import trace_of
from tests.console.conftest import as_
from tests.console.stories import decided_run
from tests.console.test_cli import fake, interlock  # noqa: F401 - `fake` is a fixture
from tests.console.test_cli_lineage import real  # noqa: F401 - a fixture
from tests.console.test_lineage import ensemble, exported, forked  # noqa: F401 - fixtures
from tests.histories import whole_run
from tests.otlp import receiver
from tests.shared.tracing.traced import traced

GOLDEN = Path(__file__).parent / "golden"
STORIES = {
    "whole_run": traced(whole_run().facts),
    "was_approved": traced(decided_run().facts),
}


def in_log(bus, run_id):
    return [one for one in bus.facts if one.run_id == run_id]


def ids(spans):
    return sorted((one["trace_id"], one["span_id"]) for one in spans)


def ids_of(shapes):
    return sorted((one.trace_id, one.span_id) for one in shapes)


def ids_in(body):
    request = ExportTraceServiceRequest.FromString(body)
    return sorted(
        (span.trace_id.hex(), span.span_id.hex())
        for group in request.resource_spans
        for scope in group.scope_spans
        for span in scope.spans
    )


def asked(spans):
    return [one for one in spans if semconv.INPUT_MESSAGES in one["attributes"]]


def views(facts):
    return [SpanView.of(span).model_dump(mode="json") for span in trace_of(facts)]


@pytest.mark.parametrize("story", STORIES)
def test_a_tree_is_as_it_was_found_good(story):
    """Write it again with INTERLOCK_WRITE_GOLDEN=1, and read the difference."""
    path = GOLDEN / f"{story}_trace.txt"
    told = tree(views(STORIES[story])) + "\n"
    if os.environ.get("INTERLOCK_WRITE_GOLDEN"):
        path.write_text(told, "utf-8")

    assert told == path.read_text("utf-8")


async def test_a_trace_is_what_the_facts_of_the_run_are(forked, ensemble, api):  # noqa: F811
    spans = (await api.get("/runs/r-1/trace")).json()

    assert ids(spans) == ids_of(trace_of(in_log(ensemble.bus, "r-1")))
    assert {"invoke_agent support", "step"} <= {one["name"] for one in spans}
    assert asked(spans) == []


@pytest.mark.parametrize(
    ("query", "accept"),
    [({"format": "otlp"}, "*/*"), ({}, CONTENT_TYPE)],
    ids=["by_format", "by_accept"],
)
async def test_a_back_end_gets_the_same_spans_as_a_person(forked, api, query, accept):  # noqa: F811
    spans = (await api.get("/runs/r-1/trace")).json()

    answer = await api.get("/runs/r-1/trace", params=query, headers={"accept": accept})

    assert answer.headers["content-type"] == CONTENT_TYPE
    assert ids_in(answer.content) == ids(spans)


@pytest.mark.parametrize("run_id", ["r-1", "f-1"])
async def test_content_is_there_for_who_asks_also_of_a_run_that_grew(
    forked,  # noqa: F811
    ensemble,  # noqa: F811
    api,
    run_id,
):
    answer = await api.get(f"/runs/{run_id}/trace", params={"content": "true"})

    run = await ensemble.bus.read("acme", run_id)
    expected = trace_of(in_log(ensemble.bus, run_id), Capture(redact), run.ancestor)
    told = [SpanView.of(one).model_dump(mode="json") for one in expected]
    assert answer.json() == told
    assert len(asked(answer.json())) == len(run.steps)


async def test_a_run_that_was_imported_has_the_trace_it_had(forked, ensemble, api):  # noqa: F811
    paths = ("/runs/f-1/trace", "/runs/f-1/trace?content=true", "/runs/f-1/trace?format=otlp")
    before = [(await api.get(path)).content for path in paths]
    file = await exported(api, "f-1")
    ensemble.bus.facts.clear()

    await api.post("/archives", content=file)

    assert [(await api.get(path)).content for path in paths] == before


async def test_a_run_of_another_tenant_has_no_trace_for_me(forked, api):  # noqa: F811
    answers = [
        await api.get("/runs/r-1/trace", headers=as_("tom-token")),
        await api.get("/runs/r-9/trace"),
    ]

    assert [one.status_code for one in answers] == [404, 404]


async def test_a_trace_is_made_of_so_many_facts_and_no_more(forked, api, desk):  # noqa: F811
    desk.settings = desk.settings.model_copy(update={"facts_limit": 3})

    answer = await api.get("/runs/r-1/trace")

    assert answer.status_code == 413
    assert "INTERLOCK_CONSOLE_FACTS_LIMIT" in answer.json()["remedy"]


def test_a_run_without_spans_is_shown_as_such(fake):  # noqa: F811
    fake.answer("GET", "/runs/r-1/trace", [])

    assert "no spans" in interlock("traces", "show", "r-1").stdout


async def test_a_run_is_sent_to_a_back_end_of_mine(forked, ensemble, real):  # noqa: F811
    async with receiver() as back_end:
        done = await asyncio.to_thread(
            interlock, "traces", "rebuild", "r-1", "f-1", "--to", back_end.url, "--json"
        )

    facts = [in_log(ensemble.bus, run_id) for run_id in ("r-1", "f-1")]
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["runs"] == 2
    assert sorted(one.key for one in back_end.spans) == sorted(
        span for own in facts for span in ids_of(trace_of(own))
    )


@pytest.fixture
async def listed(forked, ensemble, desk):  # noqa: F811
    """Both runs are in lists, and a page of one holds a single run."""
    await desk.store.apply([one for fact in ensemble.bus.facts for one in project(fact)])
    desk.settings = desk.settings.model_copy(update={"list_limit": 1})


@pytest.mark.parametrize(("newest", "sent"), [(100, 2), (1, 1)])
async def test_the_newest_runs_are_sent_from_all_pages(listed, real, newest, sent):  # noqa: F811
    async with receiver() as back_end:
        done = await asyncio.to_thread(
            interlock,
            *("traces", "rebuild", "--since", "2026-01-01", "--newest", str(newest)),
            *("--to", back_end.url),
        )

    assert done.exit_code == 0, done.output
    assert back_end.asked == sent
    assert done.stdout.startswith(f"{sent} run")
    assert ("there are older ones" in done.stderr) == (newest == sent)


async def test_runs_from_before_a_moment_are_not_sent(listed, real):  # noqa: F811
    async with receiver() as back_end:
        done = await asyncio.to_thread(
            interlock, "traces", "rebuild", "--since", "2099-01-01", "--to", back_end.url
        )

    assert (done.exit_code, back_end.asked) == (0, 0)
    assert "0 runs" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("r-1",), ENDPOINT),
        (("r-1", "--since", "2h", "--to", "http://x"), "--since"),
        (("--since", "soon", "--to", "http://x"), "2h"),
    ],
)
def test_what_cannot_be_sent_is_a_mistake_of_usage(fake, monkeypatch, arguments, told):  # noqa: F811
    monkeypatch.delenv(ENDPOINT, raising=False)

    done = interlock("traces", "rebuild", *arguments)

    assert done.exit_code == USAGE
    assert told in done.stderr
    assert fake.asked == []


def test_a_run_that_is_not_there_is_not_found(fake):  # noqa: F811
    assert interlock("traces", "rebuild", "r-9", "--to", "http://x").exit_code == NOT_FOUND


async def test_a_back_end_that_refuses_is_named(fake):  # noqa: F811
    fake.answer("GET", "/runs/r-1/trace", "")

    async with receiver() as back_end:
        back_end.mode = "refuse"
        refused = await asyncio.to_thread(
            interlock, "traces", "rebuild", "r-1", "--to", back_end.url
        )
    gone = await asyncio.to_thread(interlock, "traces", "rebuild", "r-1", "--to", back_end.url)

    assert (refused.exit_code, gone.exit_code) == (FAILED, FAILED)
    assert f"{back_end.url}/v1/traces answered 500" in refused.stderr
    assert "does not answer" in gone.stderr
