"""How far tools have come, as those who follow a run hear it."""

import json
from contextlib import asynccontextmanager

import pytest

from contracts.progress import ToolProgress
from services.console.adapters import CALLS_LIMIT, Latest
from services.console.api.events import follow
from services.console.cli.watching import Watch
from tests.bodies import NOON
from tests.console.conftest import as_
from tests.console.test_cli import FACTS, fake  # noqa: F401 - a fixture
from tests.histories import whole_run


def progress(done=3, call="1-1", note="rows"):
    return ToolProgress(tool="sync", call=call, attempt=1, at=NOON, done=done, total=10, note=note)


@pytest.fixture
async def followed(bus, desk):
    """A run under way: gives what its stream tells after its first three facts."""
    bus.facts.extend(whole_run().facts[:3])

    async def following(*, wants):
        desk.settings = desk.settings.model_copy(update={"event_heartbeat_seconds": 0.05})
        run = await desk.run("acme", "r-1")
        events = follow(desk, run, after=0, progress=wants)
        for _ in range(3):
            await anext(events)
        desk.live.tell("acme", "r-1", progress())
        desk.live.tell("acme", "r-1", progress(done=4))
        told = await anext(events)
        await events.aclose()
        return told

    return following


async def test_what_a_tool_tells_is_heard_once_and_of_each_call_the_last(followed):
    told = await followed(wants=True)

    head, _, data = told.partition("data: ")
    assert head == "event: progress\n"
    assert (json.loads(data)["tool"], json.loads(data)["done"]) == ("sync", 4.0)


async def test_who_does_not_ask_for_it_hears_facts_alone(followed):
    assert await followed(wants=False) == ": still here\n\n"


@pytest.mark.parametrize(("token", "is_told"), [("anna-token", True), ("vera-token", False)])
async def test_what_no_gate_has_seen_is_for_operators(api, bus, desk, token, is_told):
    history = whole_run()
    bus.facts.extend(history.facts)

    class Telling:
        @asynccontextmanager
        async def hearing(self, *_):
            latest = Latest()
            latest.put(progress())
            yield latest

    desk.live = Telling()

    answer = await api.get("/runs/r-1/events", params={"progress": "true"}, headers=as_(token))

    assert ("event: progress" in answer.text) is is_told
    assert answer.text.count("event: fact") == len(history.facts)


def test_calls_that_nobody_looks_at_are_bounded():
    latest = Latest()

    for number in range(2 * CALLS_LIMIT):
        latest.put(progress(call=f"1-{number}"))
    latest.put(progress(call="1-0", done=9))

    found = list(latest.take())
    assert len(found) == CALLS_LIMIT
    assert found[0].done == 9
    assert list(latest.take()) == []


def test_a_watch_shows_it_where_it_stands_and_takes_it_for_no_fact(fake):  # noqa: F811
    told = progress().model_dump_json()
    facts = "".join(f"event: fact\ndata: {json.dumps(fact)}\n\n" for fact in FACTS)
    fake.answer("GET", "/runs/r-1/events", f"event: progress\ndata: {told}\n\n{facts}")

    class Shown:
        def __init__(self):
            self.lines = []

        def update(self, line):
            self.lines.append(line)

    shown, watch = Shown(), Watch("r-1", None, as_json=False)

    views = list(watch._connection(shown))

    assert [one["sequence"] for one in views] == [one["sequence"] for one in FACTS]
    assert shown.lines == ["sync 3/10 rows"]
    assert fake.asked[-1].url.params["progress"] == "true"


def test_where_nobody_sees_a_line_change_it_is_not_asked_for(fake):  # noqa: F811
    fake.answer("GET", "/runs/r-1/events", "")

    list(Watch("r-1", None, as_json=True)._connection(None))

    assert "progress" not in fake.asked[-1].url.params
