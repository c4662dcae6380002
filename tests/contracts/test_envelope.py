"""A fact is believed only if it fits; each way of not fitting has its rule."""

import json
from dataclasses import replace

import pytest

from contracts.envelope import Stored, Unbelievable, believe, encode, follow
from contracts.guardrail import TaskBlocked
from contracts.task import Checking, Judging, TaskPutToCheck, TaskPutToJudge, TaskScheduled
from tests.bodies import NOON, VERDICT, claimed, model_funded, model_requested, task, task_cleared
from tests.families import child_task
from tests.histories import Mark, Marks, stored

CLEARED = follow("acme", "r-1", task_cleared(), cause_id="acme/r-1", time=NOON)
REQUESTED = follow("acme", "r-1", model_requested(), cause_id="acme/r-1:started", time=NOON)
QUESTION = Judging(run_id="r-1", metric="m", judge="j")
CONTENT = Checking(run_id="r-1", check="careful", fact="acme/r-1")
CLAIMED = follow("acme", "r-1", claimed(), cause_id="acme/r-1:x", time=NOON)


def refused(message: Stored) -> Unbelievable:
    with pytest.raises(Unbelievable) as caught:
        believe(message, Marks())
    assert caught.value.subject == message.subject
    return caught.value


@pytest.mark.parametrize("fact", [CLEARED, REQUESTED, CLAIMED], ids=lambda fact: fact.type)
def test_what_its_owner_says_is_believed(fact):
    message = stored(fact)

    assert believe(message, Marks()) == replace(fact, sequence=1, stored_at=NOON)


def test_a_submission_may_be_its_bare_body():
    body = b'{"agent": "support", "input": "hello"}'

    fact = believe(Stored("run.acme.r-1.task.submitted", {}, body, 3, NOON), Marks())

    assert fact.body == task("hello")
    assert (fact.id, fact.time, fact.cause_id) == ("acme/r-1", NOON, "")


@pytest.mark.parametrize("header", ["Nats-Subject", "Nats-Stream"])
def test_what_the_server_stored_for_somebody_is_dropped(header):
    assert refused(stored(CLEARED, **{header: "RUNS"})).rule == "restored"


@pytest.mark.parametrize(
    "subject",
    [
        "run.acme.r-1.task",
        "run.acme.r-1.task.sung",
        "walk.acme.r-1.task.cleared",
        "run.ac me.r-1.task.cleared",
        f"run.acme.{'r' * 65}.task.cleared",
        "run.acme.r.1.x.task.cleared",
    ],
)
def test_a_place_that_is_not_in_the_table_is_told_so(subject):
    assert refused(replace(stored(CLEARED), subject=subject)).rule == "bad_subject"


def test_a_header_must_repeat_the_type_of_the_subject():
    assert refused(stored(REQUESTED, **{"ce-type": "model.funded"})).rule == "type_mismatch"


def test_only_a_submission_may_leave_its_type_out():
    message = stored(REQUESTED)
    del message.headers["ce-type"]

    assert refused(message).rule == "type_mismatch"


def test_an_id_must_follow_from_the_cause():
    assert refused(stored(REQUESTED, **{"ce-causeid": "acme/r-1:other"})).rule == "id_mismatch"
    assert refused(stored(REQUESTED, **{"ce-id": "mine"})).rule == "id_mismatch"


def test_a_starred_fact_without_its_mark_is_refused():
    message = stored(CLEARED)
    del message.headers["ce-signature"]

    assert refused(message).rule == "unsigned"


def test_a_mark_of_somebody_else_is_refused():
    forged = encode(CLEARED, Mark("tool_executor"))

    message = Stored(forged.subject, forged.headers, forged.body, 1, NOON)

    assert refused(message).rule == "bad_signature"


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "run.acme.r-1.task.cleared", "body": b""},
        {"subject": "run.umbrella.r-1.task.cleared"},
    ],
    ids=["body", "place"],
)
def test_a_signature_covers_place_and_body(change):
    message = stored(CLEARED)
    if "body" in change:
        change["body"] = message.body.replace(b"parcel", b"wallet")

    assert refused(replace(message, **change)).rule in {"bad_signature", "id_mismatch"}


def test_a_signature_cannot_be_moved_to_another_cause():
    twin = follow("acme", "r-1", task_cleared(), cause_id="acme/r-1:other", time=NOON)
    message = stored(twin, **{"ce-signature": stored(CLEARED).headers["ce-signature"]})

    assert refused(message).rule == "bad_signature"


def test_a_claim_lies_under_the_key_that_its_body_says():
    message = replace(stored(CLAIMED), subject="run.acme.r-1.model.claimed.1-2")

    assert refused(message).rule == "key_mismatch"


def test_a_bad_body_is_told_its_field_and_not_its_value():
    body = json.dumps({"agent": "support", "input": "hello", "color": "s3cret"}).encode()

    error = refused(Stored("run.acme.r-1.task.submitted", {}, body, 3, NOON))

    assert error.rule == "bad_body"
    assert "color" in error.reason
    assert "s3cret" not in str(error)


def test_a_body_that_is_no_json_is_a_bad_body():
    assert refused(replace(stored(REQUESTED), body=b"\xff{")).rule == "bad_body"


def test_a_version_from_the_future_is_not_guessed_at():
    assert refused(stored(REQUESTED, **{"ce-schemaversion": "2"})).rule == "unknown_version"


def test_a_time_that_is_none_is_refused():
    assert refused(stored(REQUESTED, **{"ce-time": "yesterday"})).rule == "bad_time"


def test_unknown_fields_of_a_service_are_from_a_newer_release():
    message = stored(REQUESTED)
    newer = json.dumps({**json.loads(message.body), "mood": "good"}).encode()

    assert believe(replace(message, body=newer), Marks()).body == REQUESTED.body


def test_a_starred_fact_cannot_be_written_without_a_signer():
    with pytest.raises(ValueError, match="must be signed by cost_ledger"):
        encode(follow("acme", "r-1", model_funded(), cause_id="x", time=NOON))


def test_alternatives_to_one_cause_share_their_id():
    blocked = follow("acme", "r-1", TaskBlocked(**VERDICT), cause_id="acme/r-1", time=NOON)

    assert blocked.id == CLEARED.id


@pytest.mark.parametrize(
    ("body", "own"),
    [
        (child_task(), "r-0_1-1-1"),
        (TaskPutToJudge(agent="j", input="?", judging=QUESTION), "judge-1"),
        (TaskPutToCheck(agent="c", input="?", checking=CONTENT), "check-1"),
        (TaskScheduled(agent="support", input="?", schedule="nightly"), "nightly-1"),
    ],
    ids=lambda one: one if isinstance(one, str) else type(one).__name__,
)
def test_a_service_begins_runs_under_no_names_but_its_own(body, own):
    """Or it could take the id of whatever a producer is about to submit."""
    mine = follow("acme", own, body, cause_id="", time=NOON)
    taken = follow("acme", "r-1", body, cause_id="", time=NOON)

    assert believe(stored(mine), Marks()).body == body
    assert refused(stored(taken)).rule == "run_id_unfit"
