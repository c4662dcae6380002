"""An equal call of the same run has its effect once: what it came to is said again, or why not."""

import json

import pytest

from contracts.guardrail import ToolBlocked
from contracts.history import outcome_text
from contracts.review import ReviewDecided, ReviewRequested
from contracts.shape import sha256_hex
from contracts.tool import ToolFailed, ToolSucceeded, ToolUnknown
from services.tool_executor.adapters.runner import FakeRunner
from services.tool_executor.handlers import Desk, run_call
from services.tool_executor.rules.repeats import repeated
from shared.bus import Heard
from shared.clock import FixedClock
from shared.testing import MemoryBus
from tests.bodies import NOON, VERDICT, tool_cleared, tool_requested
from tests.histories import History
from tests.tool_executor.calling import declared, registry_of

MAIL = declared("greet", effect="egress")
HELLO = '{"name": "Anna"}'


class Twice:
    """A run that makes a call, and then makes it again."""

    def __init__(self, first=HELLO, again=HELLO, tool=MAIL):
        self.tool, self.again = tool, again
        self.history = History()
        self.history.begin(tool.manifest)
        self.responded = self.history.step(calls=[("greet", first), ("greet", again)])
        self.first = self.request(1)

    def request(self, index, **changes):
        asked = tool_requested(1, index, self.responded.body.tool_calls[index - 1])
        pinned = {"manifest_sha256": self.tool.manifest.sha256, **changes}
        return self.history.say(asked.model_copy(update=pinned), self.responded)

    def ran(self, output='"sent"'):
        cleared = self.history.say(tool_cleared(self.first.body), self.first)
        return self.history.run_tool(cleared, output)

    def ended(self, body):
        cleared = self.history.say(tool_cleared(self.first.body), self.first)
        return self.history.say(body, cleared)

    def says(self, **changes):
        """What becomes of the second call."""
        return repeated(self.history.run, self.request(2, **changes).body)


async def heard(twice):
    second = twice.request(2)
    cleared = twice.history.say(tool_cleared(second.body), second)
    bus = MemoryBus(clock=FixedClock(NOON))
    bus.given(*twice.history.facts)
    runner = FakeRunner()
    await run_call(Heard(cleared), bus, Desk(registry_of(twice.tool), runner))
    return runner.ran, bus.facts[len(twice.history.facts) :]


async def test_what_was_done_is_told_again_and_not_done_again():
    twice = Twice(again='{ "name" : "Anna" }')
    twice.ran()

    ran, said = await heard(twice)

    assert ran == []
    (outcome,) = said
    assert isinstance(outcome.body, ToolSucceeded)
    assert (outcome.body.call, outcome.body.repeats) == ("1-2", "1-1")
    assert outcome.body.output_json == '"sent"'


@pytest.mark.parametrize(
    ("again", "changes"),
    [
        ('{"name": "Ben"}', {}),
        (HELLO, {"effect": "read"}),
        (HELLO, {"repeatable": True}),
    ],
)
async def test_what_is_another_call_or_meant_twice_is_made(again, changes):
    twice = Twice(again=again, tool=declared("greet", **{"effect": "egress", **changes}))
    twice.ran()

    ran, _ = await heard(twice)

    assert len(ran) == 1


def test_what_a_person_let_run_is_made():
    twice = Twice()
    twice.ran()

    assert twice.says(approval_id="a-1") is None


def failed(kind):
    return ToolFailed(call="1-1", attempt=1, kind=kind, reason="no")


@pytest.mark.parametrize(
    "body",
    [
        failed("refused"),
        failed("unavailable"),
        ToolBlocked(**VERDICT, call="1-1", attempt=1),
    ],
)
def test_what_did_nothing_may_be_tried_again(body):
    twice = Twice()
    if isinstance(body, ToolBlocked):
        twice.history.say(body, twice.first)
    else:
        twice.ended(body)

    assert twice.says() is None


def test_two_at_once_are_one():
    """The first may start at any moment: the second is never made in the same instant."""
    asked = Twice().says()

    assert "1-1, is under way" in asked


def test_of_what_is_unknown_nothing_is_made_again():
    twice = Twice()
    twice.ended(ToolUnknown(call="1-1", attempt=1, reason="it vanished"))

    assert "nobody knows" in twice.says()


@pytest.mark.parametrize(("outcome", "told"), [("approved", "did take effect"), ("rejected", None)])
def test_what_a_person_found_counts(outcome, told):
    twice = Twice()
    unknown = twice.ended(ToolUnknown(call="1-1", attempt=1, reason="it vanished"))
    digest = sha256_hex(HELLO.encode())
    about = {"review_id": "1-1-1", "arguments_sha256": digest}
    question = ReviewRequested(
        **about,
        about="outcome",
        call="1-1",
        attempt=1,
        tool="greet",
        arguments_json=HELLO,
        roles=("operator",),
        reason="it vanished",
        expires_at=NOON,
    )
    asked = twice.history.say(question, unknown)
    twice.history.say(ReviewDecided(**about, outcome=outcome, approvers=()), asked)

    found = twice.says()

    assert found is None if told is None else told in found


async def test_the_model_reads_that_it_was_made_before():
    twice = Twice()
    twice.ran()
    _, (outcome,) = await heard(twice)

    text = outcome_text(outcome.body)

    assert text.startswith("This very call was made before, as 1-1, and was not made again.")
    assert json.loads(text.partition("Its result: ")[2]) == "sent"
