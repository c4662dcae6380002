"""The pages of runs: the list with its filter, one run in every view, and what is done to it."""

import re

import pytest

from contracts.control import RunCancelRequested
from services.observer.rules import project
from tests.console.stories import asked_run, decided_run
from tests.console.web.test_pages import HOSTILE
from tests.histories import History, whole_run

VIEWS = ("timeline", "prompt", "facts", "cost", "evaluation")


@pytest.fixture
async def listed(desk, take):
    """Stores a history, and its rows."""

    async def listing(history):
        take(history)
        await desk.store.apply([change for fact in history.facts for change in project(fact)])
        return history

    return listing


def hostile_run():
    history = History()
    history.begin(text=HOSTILE + "\u202e")
    history.step(text=HOSTILE)
    return history


async def test_a_list_without_runs_teaches_the_command(browser):
    assert "interlock submit support" in (await browser.see("/runs")).text


async def test_runs_are_listed_with_links_that_name_their_tenant(browser, listed):
    await listed(asked_run()[0])

    page = await browser.see("/runs")

    assert page.status_code == 200
    assert 'href="/runs/r-1?tenant=acme"' in page.text
    assert "waiting" in page.text


async def test_the_filter_is_the_address(browser, listed):
    await listed(asked_run()[0])

    found = (await browser.see("/runs?agent=support&customer=&over_usd=")).text
    none = (await browser.see("/runs?agent=other")).text

    assert "/runs/r-1?" in found
    assert "No run fits this filter" in none


@pytest.mark.parametrize(
    "query", ["over_usd=much", "steps_at_least=x", "nonsense=1", "cursor=none", "metadata=x"]
)
async def test_a_filter_that_cannot_be_is_told_on_the_page(browser, query):
    page = await browser.see(f"/runs?{query}")

    assert page.status_code == 422
    assert "The filter cannot be used" in page.text


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(
    "story", [whole_run, lambda: asked_run()[0], decided_run, hostile_run], ids=range(4)
)
async def test_every_view_of_a_run_is_there(browser, listed, view, story):
    await listed(story())

    page = await browser.see(f"/runs/r-1?tenant=acme&view={view}&step=1")

    assert page.status_code == 200
    assert "<script>" not in page.text
    assert "<img src=x" not in page.text


@pytest.mark.parametrize("view", ["timeline", "prompt", "facts"])
async def test_what_others_wrote_is_text(browser, listed, view):
    await listed(hostile_run())

    text = (await browser.see(f"/runs/r-1?view={view}&step=1")).text

    assert "&lt;script&gt;alert(1)" in text
    assert "\u202e" not in text
    assert "[U+202E]" in text
    assert not re.search(r"<img(?! src=\"/assets)", text)


async def test_a_step_that_is_not_there_is_told(browser, listed):
    await listed(whole_run())

    page = await browser.see("/runs/r-1?step=99")

    assert page.status_code == 404
    assert "steps" in page.text


async def test_a_long_run_is_paged(browser, desk, listed):
    desk.settings = desk.settings.model_copy(update={"page_steps": 2, "page_facts": 3})
    history = History()
    history.begin()
    for _ in range(5):
        history.step(text="more")
    await listed(history)

    last = (await browser.see("/runs/r-1")).text
    first = (await browser.see("/runs/r-1?step=1")).text
    facts = (await browser.see("/runs/r-1?view=facts")).text

    assert "Step 5" in last
    assert "Steps 5 to 5 of 5" in last
    assert "Steps 1 to 2 of 5" in first
    assert facts.count('<tr id="f') == 3


async def test_cancelling_is_said_for_the_person(browser, bus, listed):
    await listed(asked_run()[0])

    answer = await browser.send("/runs/r-1/cancel?tenant=acme", reason="too long")

    assert answer.headers["location"] == "/runs/r-1?tenant=acme&done=cancel_requested"
    (said,) = bus.bodies(RunCancelRequested)
    assert (said.principal, said.reason) == ("anna@example.org", "too long")


async def test_a_retry_is_the_same_task_as_a_run_of_ones_own(browser, bus, listed):
    history = await listed(whole_run())

    answer = await browser.send("/runs/r-1/retry?tenant=acme", of="/runs/r-1?tenant=acme")

    assert answer.status_code == 303
    again = [one for one in bus.facts if one.type == "task.submitted"][-1]
    assert again.run_id in answer.headers["location"]
    assert again.body.input == history.facts[0].body.input
    assert again.body.requester == "anna@example.org"


async def test_a_fork_starts_from_the_step(browser, bus, listed):
    await listed(whole_run())

    answer = await browser.send("/runs/r-1/fork?tenant=acme", step="1", model="", instructions="")

    assert answer.status_code == 303, answer.text
    forked = [one for one in bus.facts if one.type == "task.submitted"][-1]
    assert (forked.body.fork.run_id, forked.body.fork.step) == ("r-1", 1)
    assert "done=forked" in answer.headers["location"]


async def test_what_follows_a_run_goes_on_after_what_the_page_has(browser, listed):
    history = await listed(whole_run())

    answer = await browser.see(f"/runs/r-1/live?after={history.facts[-3].sequence}")

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.count("event: fact") == 2
