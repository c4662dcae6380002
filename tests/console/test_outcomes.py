"""What became of a call is asked, and can be answered, when its run is over."""

import pytest

from contracts.run import RunCancelled
from services.console.cli.render import footer
from services.console.rules.record.remedies import remedies_of
from services.observer.rules import project
from tests.bodies import NOON
from tests.console.stories import asked_run


@pytest.fixture
def over(bus, take):
    """A run that was cancelled while people were asked what became of its call."""
    history, _ = asked_run(about="outcome", roles=("operator",))
    history.say(RunCancelled(principal="otto", reason=""), history.root)
    bus.clock.advance((NOON - bus.clock.now()).total_seconds())
    take(history)
    return history


async def test_it_is_listed_as_open_and_takes_an_answer(api, desk, over):
    await desk.store.apply([c for fact in over.facts for c in project(fact)])

    (line,) = (await api.get("/reviews")).json()
    found = (await api.get(f"/reviews/{line['id']}")).json()
    answer = await api.post(f"/reviews/{line['id']}/approve", json={"reason": "it is paid"})

    assert line["state"] == found["state"] == "open"
    assert (await api.get("/reviews?state=withdrawn")).json() == []
    assert answer.status_code == 202


async def test_it_is_not_late_however_long_nobody_looked(api, bus, over):
    bus.clock.advance(400 * 86400)

    assert (await api.post("/reviews/r-1.1-1-1/reject")).status_code == 202


def test_whoever_looks_at_the_run_is_told_of_it(over):
    commands = [one.command for one in remedies_of(over.run)]

    assert "interlock reviews show r-1.1-1-1" in commands
    assert "interlock reviews approve r-1.1-1-1" in footer(over.run).renderable.plain
