"""The stream of dead letters as the console reads it: letters, notes, and what is neither."""

import asyncio
import json

import pytest

from contracts.envelope import Stored
from contracts.subjects import (
    CONSOLE,
    EXECUTOR,
    GUARDRAIL,
    ORCHESTRATOR,
    PRODUCER,
    RUNS,
    TIMERS,
)
from services.console.audit_log import Doer, MemoryAudit
from services.console.dead_letters import (
    Note,
    Pace,
    discard_many,
    open_dead_letters,
    redrive,
    redrive_many,
)
from services.console.dead_letters.letters import UNREADABLE
from services.console.errors import Conflict
from tests.bodies import NOON
from tests.integration.bus.scene import submit
from tests.integration.eventually import eventually

ANNA, BERT = "anna@example.org", "bert@example.org"


@pytest.fixture
async def console(nats_platform):
    return await nats_platform.connect(CONSOLE)


@pytest.fixture
async def box(console):
    return await open_dead_letters(console, 100, 2.0)


async def put_aside(platform, run_id="r-1", rule="handler_failed"):
    """A letter about a submission that lies in the log."""
    submitted = await submit(platform, run_id)
    core = await platform.connect(GUARDRAIL)
    stored = (await core.redrives.at(submitted.sequence)).stored
    await core.dead_letters.put(stored, RUNS, rule, "it failed")
    return submitted


async def test_an_empty_stream_has_no_letters(box):
    assert await box.letters() == []
    assert await box.letter(1) is None


async def test_a_letter_tells_what_it_is_about_and_is_open(nats_platform, box):
    submitted = await put_aside(nats_platform)

    [letter] = await box.letters()

    assert (letter.service, letter.rule) == (GUARDRAIL, "handler_failed")
    assert (letter.tenant, letter.run_id, letter.type) == ("acme", "r-1", "task.submitted")
    assert (letter.sequence, letter.state) == (submitted.sequence, "open")
    assert json.loads(letter.body_text)["agent"] == "support"
    assert await box.letter(letter.number) == letter


async def test_the_letter_of_a_timer_names_its_run_and_wakes_it_when_redriven(
    nats_platform, console, box
):
    submitted = await submit(nats_platform)
    core = await nats_platform.connect(ORCHESTRATOR)
    timer = Stored("timer.fired.acme.r-1", {}, b"", 1, submitted.time)
    await core.dead_letters.put(timer, TIMERS, "crash_loop", "to be woken ended 4 processes")
    [letter] = await box.letters()

    await redrive(letter, box, console.bus, ANNA, "mended")

    assert (letter.tenant, letter.run_id, letter.type) == ("acme", "r-1", "timer.fired")
    said = (await console.bus.runs.facts("acme", "r-1"))[-1]
    assert (said.type, said.body.service) == ("run.redriven", ORCHESTRATOR)
    assert said.body.sequence == submitted.sequence


async def test_a_note_says_who_decided_what_and_when(nats_platform, box):
    await put_aside(nats_platform)

    assert await box.note(1, Note(state="discarded", principal=ANNA, reason="a test"))

    [letter] = await box.letters()
    assert (letter.state, letter.decided_by, letter.decision) == ("discarded", ANNA, "a test")
    assert letter.decided_at > letter.stored_at
    assert await box.letter(1) == letter


async def test_of_two_who_decide_at_once_one_is_told_of_the_other(nats_platform, box):
    await put_aside(nats_platform)
    notes = [
        Note(state="discarded", principal=ANNA, reason=""),
        Note(state="redriven", principal=BERT, reason=""),
    ]

    took = await asyncio.gather(*(box.note(1, one) for one in notes))

    assert sorted(took) == [False, True]
    assert (await box.letter(1)).state == notes[took.index(True)].state


async def test_a_reply_aimed_at_a_note_decides_nothing_and_prevents_nothing(nats_platform, box):
    """The server stores its answers for whoever asks, under any subject."""
    await put_aside(nats_platform)
    attacker = await nats_platform.client(EXECUTOR)
    bait = Note(state="discarded", principal=ANNA, reason="forged").model_dump_json().encode()
    ack = await attacker.jetstream().publish("run.acme.r-9.tool.succeeded", bait)
    request = json.dumps({"seq": ack.seq}).encode()

    await attacker.publish("$JS.API.DIRECT.GET.RUNS", request, reply="dead.notes.1")

    js = await nats_platform.jetstream()

    async def landed() -> bool:
        return (await js.stream_info("DEAD")).state.messages == 2

    await eventually(landed)
    assert (await box.letter(1)).state == "open"
    assert [one.state for one in await box.letters()] == ["open"]
    assert await box.note(1, Note(state="redriven", principal=BERT, reason=""))
    assert (await box.letter(1)).decided_by == BERT


async def test_what_is_no_letter_is_shown_as_it_is(nats_platform, box):
    attacker = await nats_platform.client(EXECUTOR)
    for body in (b"\xff", b"[1]", b'{"body_base64": 7}', b"{}"):
        await attacker.jetstream().publish(f"dead.{EXECUTOR}.x", body)

    letters = await box.letters()

    assert [one.rule for one in letters] == [UNREADABLE] * 4
    assert {one.service for one in letters} == {EXECUTOR}


async def test_a_letter_cannot_speak_in_the_name_of_another_service(nats_platform, box):
    await put_aside(nats_platform)
    js = (await nats_platform.client(EXECUTOR)).jetstream()
    true = await (await nats_platform.jetstream()).get_msg("DEAD", 1)

    await js.publish(f"dead.{EXECUTOR}.handler_failed", true.data)

    assert [one.service for one in await box.letters()] == [GUARDRAIL, EXECUTOR]


@pytest.mark.parametrize(
    ("place", "body", "why"),
    [
        ("run.acme.r-2.task.submitted", b"{not json", "it is no fact: .*rule=bad_body"),
        ("run.with.dots.r-2.task.submitted", b"{}", "it is no fact: .*rule=bad_subject"),
    ],
    ids=["unbelievable", "stray"],
)
async def test_what_is_no_fact_is_refused_with_its_reason(
    nats_platform, console, box, place, body, why
):
    js = (await nats_platform.client(PRODUCER)).jetstream()
    ack = await js.publish(place, body)
    core = await nats_platform.connect(GUARDRAIL)
    js = await nats_platform.jetstream()
    raw = await js.get_msg(RUNS, ack.seq)
    letter = {
        "stream": RUNS,
        "sequence": ack.seq,
        "subject": raw.subject,
        "reason": "x",
        "body_base64": "",
    }
    await core.client.jetstream().publish(f"dead.{GUARDRAIL}.bad_body", json.dumps(letter).encode())
    [letter] = await box.letters()

    with pytest.raises(Conflict, match=why):
        await redrive(letter, box, console.bus, ANNA, "")

    assert (await box.letter(letter.number)).state == "open"


async def test_many_are_redriven_at_a_rate_and_each_is_accounted_for(nats_platform, console, box):
    for number in range(4):
        await put_aside(nats_platform, f"r-{number}")
    await box.note(2, Note(state="discarded", principal=BERT, reason=""))
    letters = await box.letters()
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    pace = Pace(limit=3, rate=4.0, sleep=pause)
    done = await redrive_many(letters, box, console.bus, ANNA, "mended", pace)

    assert (done.matched, done.redriven, done.after) == (4, (1, 3), 3)
    assert [(one.number, "was discarded by bert" in one.why) for one in done.skipped] == [(2, True)]
    assert pauses == [0.25, 0.25]
    assert [one.state for one in await box.letters()] == [
        "redriven",
        "discarded",
        "redriven",
        "open",
    ]
    for run_id in ("r-0", "r-2"):
        facts = await console.bus.runs.facts("acme", run_id)
        assert [one.type for one in facts] == ["task.submitted", "run.redriven"]
        assert facts[1].body.principal == ANNA
        assert facts[1].body.sequence == facts[0].sequence


async def test_many_are_discarded_at_a_rate_and_the_log_hears_nothing_of_it(
    nats_platform, console, box
):
    for number in range(4):
        await put_aside(nats_platform, f"r-{number}")
    await box.note(2, Note(state="redriven", principal=BERT, reason=""))
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    audit, pace = MemoryAudit(), Pace(limit=3, rate=4.0, sleep=pause)
    anna = Doer(principal=ANNA, by_key=None, reason="a load test", at=NOON, nonce="n-1")
    done = await discard_many(await box.letters(), box, audit, anna, pace)

    assert (done.matched, done.discarded, done.after) == (4, (1, 3), 3)
    assert [(one.number, "was redriven by bert" in one.why) for one in done.skipped] == [(2, True)]
    assert pauses == [0.25, 0.25]
    assert [one.number for one in audit.noted] == [1, 3]
    states = [(one.state, one.decision) for one in await box.letters()]
    assert states == [
        ("discarded", "a load test"),
        ("redriven", ""),
        ("discarded", "a load test"),
        ("open", ""),
    ]
    for number in range(4):
        facts = await console.bus.runs.facts("acme", f"r-{number}")
        assert [one.type for one in facts] == ["task.submitted"]


async def test_a_console_that_stops_before_its_note_redrives_under_the_same_id(
    nats_platform, console, box, monkeypatch
):
    await put_aside(nats_platform)
    [letter] = await box.letters()

    async def stops(number, note) -> bool:
        raise TimeoutError

    with monkeypatch.context() as patch:
        patch.setattr(box, "note", stops)
        with pytest.raises(TimeoutError):
            await redrive(letter, box, console.bus, ANNA, "first")
    await redrive(letter, box, console.bus, ANNA, "again")

    facts = await console.bus.runs.facts("acme", "r-1")
    assert [one.type for one in facts] == ["task.submitted", "run.redriven"]
    assert (await box.letter(1)).state == "redriven"
