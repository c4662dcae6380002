"""Each promise can be broken: small logs in which it is, told by the watcher that guards it."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from contracts.control import ControlOrdered, RunCancelRequested
from contracts.envelope import Encoded, follow
from contracts.review import Approver, ReviewAnswered, ReviewDecided, ReviewRequested
from contracts.run import RunCompleted
from contracts.schedule import Schedule, scheduled_task
from contracts.shape import sha256_hex
from contracts.subjects import CONSOLE, ENDS
from contracts.tool import ToolClaimed
from services.console.api.shapes import Accepted
from shared.order_log import KIND
from tests.bodies import task
from tests.histories import Mark
from tests.simulation.answers import Answers
from tests.simulation.asked import Asked, Submission
from tests.simulation.cron import Crons
from tests.simulation.engine import Engine, Trace
from tests.simulation.faults import Faults
from tests.simulation.log import Log
from tests.simulation.loop import EPOCH, VirtualLoop
from tests.simulation.stops import Stops
from tests.simulation.ticks import Ticks

PLACE = ("acme", "r-1")
DIGEST = sha256_hex(b"{}")
EXPIRES = EPOCH + timedelta(seconds=20)


class Scene:
    """A log that is written by hand, one fact a call."""

    def __init__(self, loop: VirtualLoop) -> None:
        self.loop = loop
        self.engine = Engine(loop, Trace(loop, keep=False))
        self.log = Log(self.engine)
        self.broken: set[str] = set()

    def violate(self, rule, _sentence):
        self.broken.add(rule)

    def say(self, body, because="", at=0.0, run_id="r-1"):
        self.loop._seconds = at
        place, moment = ("acme", run_id), EPOCH + timedelta(seconds=at)
        fact = follow(*place, body, cause_id=getattr(because, "id", because), time=moment)
        sequence = sum(map(len, self.log.runs.values())) + 1
        fact = replace(fact, sequence=sequence, stored_at=moment)
        self.log.runs[place].append(fact)
        if fact.type in ENDS:
            self.log.ends[place].append(fact)
        return fact

    def order(self, state, at):
        self.loop._seconds = at
        moment = EPOCH + timedelta(seconds=at)
        order = ControlOrdered(
            scope="platform", state=state, principal="olga", at=moment, nonce=f"{at:g}"
        )
        message: Encoded = KIND.encode(order, CONSOLE, Mark(CONSOLE))
        self.engine.publish(message.subject, message.body, message.headers)


@pytest.fixture
def scene():
    loop = VirtualLoop()
    yield Scene(loop)
    loop.close()


def question():
    return ReviewRequested(
        review_id="1-1-1",
        about="call",
        call="1-1",
        attempt=1,
        tool="refund",
        arguments_json="{}",
        arguments_sha256=DIGEST,
        roles=("lead",),
        reason="",
        expires_at=EXPIRES,
    )


def answer(name="anna"):
    return ReviewAnswered(
        review_id="1-1-1",
        decision="approve",
        principal=name,
        roles=("lead",),
        arguments_sha256=DIGEST,
        nonce=name,
    )


def decision(outcome, *by):
    named = tuple(
        Approver(answer_id=one.id, principal=one.body.principal, role="lead") for one in by
    )
    return ReviewDecided(
        review_id="1-1-1", outcome=outcome, approvers=named, arguments_sha256=DIGEST
    )


@pytest.mark.parametrize(
    ("answered_at", "asked_at", "by_answer", "rule"),
    [
        (19.0, 5.0, True, None),
        (2.0, 5.0, True, None),
        (20.0, 5.0, False, None),
        (20.0, 5.0, True, "late_is_late"),
        (19.0, 5.0, False, "first_answers_decide"),
        (2.0, 5.0, False, "first_answers_decide"),
    ],
    ids=["in time", "early", "late", "late and taken", "in time and not", "early and forgotten"],
)
def test_what_a_review_came_to_is_held_to_its_answers(
    scene, answered_at, asked_at, by_answer, rule
):
    answers = Answers(scene.log, scene.violate)
    facts = [(asked_at, question()), (answered_at, answer())]
    said = {
        type(body): scene.say(body, "root", at)
        for at, body in sorted(facts, key=lambda pair: pair[0])
    }
    made = decision("approved", said[ReviewAnswered]) if by_answer else decision("expired")
    answers.stored(scene.say(made, said[ReviewRequested], 21.0))

    answers.check_at_rest()

    assert scene.broken - {"strays_are_told"} == ({rule} if rule else set())


def test_of_two_people_whoever_was_first_decides(scene):
    answers = Answers(scene.log, scene.violate)
    asked = scene.say(question(), "root", 1.0)
    scene.say(answer("anna"), "root", 2.0)
    second = scene.say(answer("bert"), "root", 3.0)
    scene.say(decision("approved", second), asked, 4.0)

    answers.check_at_rest()

    assert "first_answers_decide" in scene.broken


def test_two_outcomes_of_one_review_are_noticed(scene):
    answers = Answers(scene.log, scene.violate)

    for outcome in ("expired", "withdrawn"):
        answers.stored(scene.say(decision(outcome), outcome))

    assert scene.broken == {"one_outcome"}


NIGHTLY = Schedule(name="nightly", cron="30 * * * * *", tenant="acme", task=task(), overlap="skip")


@pytest.fixture
def ticks(scene):
    """Promises on a schedule that was due once, at 12:00:30."""
    crons = Crons(scene.engine, Faults(Random(1)), Random(1))
    crons.due["nightly"] = [EPOCH + timedelta(seconds=30)]
    return Ticks(scene.log, scene.engine, crons, {"nightly": NIGHTLY}, scene.violate)


def named(minute):
    return f"nightly-{EPOCH:%Y%m%dT%H}{minute:02}Z"


def test_a_tick_without_its_run_is_noticed(scene, ticks):
    ticks.check_at_rest()

    assert scene.broken == {"every_tick_runs"}


def test_a_tick_may_be_left_out_while_another_run_is_open(scene, ticks):
    ticks._crons.due["nightly"].insert(0, EPOCH - timedelta(seconds=30))
    before = f"nightly-{EPOCH - timedelta(seconds=30):%Y%m%dT%H%MZ}"
    scene.say(scheduled_task(NIGHTLY), at=0.0, run_id=before)
    scene.say(RunCompleted(answer="", steps=1), at=31.0, run_id=before)

    ticks.check_at_rest()

    assert not scene.broken


def test_a_second_run_of_one_tick_is_noticed(scene, ticks):
    scene.say(scheduled_task(NIGHTLY), run_id=named(0))
    scene.say(scheduled_task(NIGHTLY), run_id=f"{named(0)}-again")

    ticks.check_at_rest()

    assert scene.broken == {"one_run_a_tick"}


@pytest.mark.parametrize(
    ("started_at", "rules"),
    [
        (3.0, set()),
        (5.0, {"starts_in_time"}),
        (9.0, {"starts_in_time", "nothing_starts_after"}),
    ],
)
def test_a_start_that_comes_long_after_the_end_is_noticed(scene, started_at, rules):
    stops = Stops(scene.log, scene.engine, scene.violate)
    submitted = scene.say(task())
    claim = ToolClaimed(call="1-1", attempt=1, nonce="n", state="claimed")
    claimed = scene.say(claim, submitted, 1.0)
    scene.say(RunCompleted(answer="", steps=1), submitted, 2.0)

    scene.loop._seconds = started_at
    stops.started(PLACE, claimed, EPOCH + timedelta(seconds=4), "1-1-1")

    assert scene.broken == rules


@pytest.mark.parametrize(
    ("state", "claimed_at", "rules"),
    [
        ("stopped", 60.0, set()),
        ("stopped", 100.0, {"stopped_starts_nothing"}),
        ("running", 100.0, set()),
    ],
)
def test_a_claim_long_after_an_order_to_stop_is_noticed(scene, state, claimed_at, rules):
    stops = Stops(scene.log, scene.engine, scene.violate)
    submitted = scene.say(task())
    scene.order("stopped", 5.0)
    scene.order(state, 6.0)
    claim = ToolClaimed(call="1-1", attempt=1, nonce="n", state="claimed")

    stops.started(PLACE, scene.say(claim, submitted, claimed_at), None, "1-1-1")

    assert scene.broken == rules


def test_a_run_that_was_cancelled_first_and_completes_is_noticed(scene):
    stops = Stops(scene.log, scene.engine, scene.violate)
    submitted = scene.say(task())
    scene.say(RunCancelRequested(principal="olga", nonce="n"), submitted, 1.0)
    scene.say(RunCompleted(answer="", steps=1), submitted, 2.0)

    stops.check_at_rest()

    assert scene.broken == {"cancelled_is_cancelled"}


@pytest.mark.parametrize(
    ("runs", "told", "rules"),
    [
        (("r-1",), "r-1", set()),
        (("r-1",), None, set()),
        ((), "r-1", {"told_is_stored"}),
        (("r-1", "r-2"), "r-1", {"one_submit_one_run", "told_is_stored"}),
    ],
)
def test_what_a_submission_became_is_held_to_what_was_told(scene, runs, told, rules):
    asked = Asked(scene.log, scene.engine, scene.violate)
    for run_id in runs:
        scene.say(task("A job"), run_id=run_id)
    accepted = told and Accepted(tenant="acme", run_id=told, status="submitted", created=True)
    asked.submitted(Submission(task("A job"), accepted))

    asked.check_at_rest()

    assert scene.broken == rules
