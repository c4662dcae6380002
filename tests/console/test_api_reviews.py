"""Answers over HTTP: what is said for whom, and which refusal has which status."""

import json
from datetime import timedelta

import pytest

from contracts.review import EscalationStep, ReviewAnswered, ReviewAnswerRefused, ReviewEscalated
from contracts.run import RunCancelled
from contracts.shape import sha256_hex
from services.console.api.answers import REFUSALS
from services.observer.rules import project
from shared.clock import FixedClock
from shared.testing import MemoryBus
from tests.bodies import NOON, manifest
from tests.console.conftest import as_
from tests.console.stories import REFUND, asked_run, decided_run
from tests.histories import History

EDITED = '{"amount":20,"order_id":"1042"}'


@pytest.fixture
def asked(bus, take):
    """Stores a run that asks people, at noon; gives its history and the question."""

    def asking(**changes):
        history, question = asked_run(**changes)
        bus.clock.advance((NOON - bus.clock.now()).total_seconds())
        take(history)
        return history, question

    return asking


def answered(principal, decision="approve", **changes):
    body = {
        "review_id": "1-1-1",
        "decision": decision,
        "principal": principal,
        "roles": ("support-lead",),
        "arguments_sha256": sha256_hex(REFUND[1].encode()),
        "nonce": principal,
    }
    return ReviewAnswered.model_validate(body | changes)


async def test_an_answer_is_said_for_the_person_and_the_arguments_they_saw(api, bus, asked):
    _, question = asked()
    body = {"reason": "lost", "arguments_sha256": question.body.arguments_sha256}

    answer = await api.post("/reviews/r-1.1-1-1/approve", json=body)

    assert answer.status_code == 202
    assert answer.json()["outcome"] == "recorded"
    (said,) = bus.bodies(ReviewAnswered)
    assert (said.decision, said.principal) == ("approve", "anna@example.org")
    assert said.arguments_sha256 == question.body.arguments_sha256
    assert said.roles == ("operator", "support-lead")


async def test_an_answer_follows_from_the_run_and_names_its_review(api, bus, asked):
    """So that it counts in whatever order it and the question are stored."""
    history, _ = asked()

    await api.post("/reviews/r-1.1-1-1/reject", json={"reason": "no"})

    assert bus.facts[-1].cause_id == history.root
    assert bus.facts[-1].body.review_id == "1-1-1"


async def test_an_edit_is_said_with_its_arguments_and_their_types(api, bus, asked):
    asked()
    arguments = {"order_id": "1042", "amount": 20, "notify": False, "note": None, "share": 0.1}

    answer = await api.post("/reviews/r-1.1-1-1/edit", json={"arguments": arguments})

    (said,) = bus.bodies(ReviewAnswered)
    assert answer.status_code == 202
    assert json.loads(said.arguments_json) == arguments
    assert isinstance(json.loads(said.arguments_json)["amount"], int)
    assert said.arguments_sha256 != said.wanted_sha256


async def test_a_response_is_said_with_its_text(api, bus, asked):
    asked()

    await api.post("/reviews/r-1.1-1-1/respond", json={"response": "Paid by hand."})

    (said,) = bus.bodies(ReviewAnswered)
    assert (said.decision, said.response) == ("respond", "Paid by hand.")


async def test_whoever_approves_an_edit_by_its_digest_wants_the_same(api, bus, asked):
    history, _ = asked(quorum=2)
    edit = answered("lea", "edit", arguments_json=EDITED)
    bus.given(history.say(edit, history.root))
    body = {"arguments_sha256": sha256_hex(EDITED.encode())}

    answer = await api.post("/reviews/r-1.1-1-1/approve", json=body)

    *_, said = bus.bodies(ReviewAnswered)
    assert (said.decision, said.arguments_json) == ("edit", EDITED)
    assert answer.json()["reason"] == "2 of 2 people agree"


async def test_an_answer_before_its_question_is_kept(api, bus, take):
    """The call was made, and the gate has not yet said that it needs people."""
    history = History()
    history.begin(manifest("issue_refund"))
    call = history.call(history.step(calls=[REFUND]))
    take(history)
    body = {"arguments_sha256": call.body.arguments_sha256}

    kept = await api.post("/reviews/r-1.1-1-1/approve", json=body)
    blind = await api.post("/reviews/r-1.1-1-1/approve")

    assert (kept.status_code, blind.status_code) == (202, 422)
    assert "kept until" in kept.json()["reason"]


class Refusing(MemoryBus):
    """A bus on which every answer is refused at once."""

    rule = "own_request"

    async def say(self, cause, body):
        said = await super().say(cause, body)
        if isinstance(body, ReviewAnswered):
            refusal = ReviewAnswerRefused(
                review_id=body.review_id, rule=self.rule, principal="anna", reason="it is so"
            )
            await super().say(said, refusal)
        return said


STATUS = {
    "already_decided": 409,
    "said_before": 409,
    "run_over": 409,
    "too_many": 409,
    "late": 410,
    "unknown": 404,
    "wrong_role": 403,
    "own_request": 403,
    "own_words": 403,
    "not_a_person": 403,
    "other_arguments": 412,
    "bad_edit": 422,
    "not_possible": 422,
}


@pytest.mark.parametrize("rule", REFUSALS)
async def test_what_the_orchestrator_refuses_has_the_status_of_its_rule(
    bus, asked, desk, api, rule
):
    asked()
    desk.bus = Refusing(clock=FixedClock(NOON), facts=bus.facts)
    desk.bus.rule = rule

    answer = await api.post("/reviews/r-1.1-1-1/approve")

    assert answer.status_code == STATUS[rule]
    assert answer.json()["what"] == "it is so"


@pytest.mark.parametrize(
    ("token", "verb", "body", "status"),
    [
        ("anna-token", "approve", {"arguments_sha256": "0" * 64}, 412),
        ("vera-token", "approve", {}, 403),
        ("anna-token", "approve", {"args": 1}, 422),
        ("anna-token", "edit", {}, 422),
        ("anna-token", "edit", {"arguments": [1]}, 422),
        ("anna-token", "respond", {"response": ""}, 422),
    ],
)
async def test_an_answer_that_cannot_count_is_not_said(api, bus, asked, token, verb, body, status):
    asked()

    answer = await api.post(f"/reviews/r-1.1-1-1/{verb}", json=body, headers=as_(token))

    assert answer.status_code == status
    assert bus.bodies(ReviewAnswered) == []


async def test_a_question_about_an_outcome_takes_a_yes_and_no_edit(api, asked):
    asked(about="outcome")

    edited = await api.post("/reviews/r-1.1-1-1/edit", json={"arguments": {"amount": 1}})
    approved = await api.post("/reviews/r-1.1-1-1/approve")

    assert (edited.status_code, approved.status_code) == (422, 202)


async def test_whoever_submitted_the_task_may_reject_and_not_approve_it(api, bus, asked):
    asked()
    task = bus.facts[0]
    mine = task.body.model_copy(update={"requester": "Anna@example.org"})
    bus.facts[0] = type(task)(**{**_fields(task), "body": mine})

    approved = await api.post("/reviews/r-1.1-1-1/approve")
    rejected = await api.post("/reviews/r-1.1-1-1/reject")

    assert (approved.status_code, rejected.status_code) == (403, 202)
    assert "asked for this task" in approved.json()["what"]


def _fields(fact):
    return {name: getattr(fact, name) for name in fact.__slots__}


async def test_a_decided_review_is_a_conflict_and_an_expired_one_is_gone(api, bus, take):
    take(decided_run())
    assert (await api.post("/reviews/r-1.1-1-1/reject")).status_code == 409

    bus.facts.clear()
    take(decided_run("expired"))
    assert (await api.post("/reviews/r-1.1-1-1/reject")).status_code == 410

    bus.facts.clear()
    take(asked_run()[0])
    bus.clock.advance(400 * 86400)
    assert (await api.post("/reviews/r-1.1-1-1/reject")).status_code == 410


async def test_a_question_that_cannot_come_is_not_found_and_a_run_that_is_over_a_conflict(
    api, bus, asked
):
    history, _ = asked()
    body = {"arguments_sha256": "0" * 64}
    assert (await api.post("/reviews/r-1.1-9-1/approve", json=body)).status_code == 404

    bus.given(history.say(RunCancelled(principal="otto", reason=""), history.root))
    assert (await api.post("/reviews/r-1.1-1-1/approve")).status_code == 409


async def test_open_reviews_are_listed_and_found_by_the_same_name(api, desk, asked):
    history, _ = asked()
    await desk.store.apply([c for fact in history.facts for c in project(fact)])

    (line,) = (await api.get("/reviews")).json()
    found = (await api.get(f"/reviews/{line['id']}")).json()

    assert line.items() <= found.items()
    assert (await api.get("/reviews/r-1.9-9-9")).status_code == 404


async def test_reviews_of_a_run_that_is_over_are_open_no_more(api, desk, asked, bus):
    history, _ = asked()
    bus.given(history.say(RunCancelled(principal="otto", reason=""), history.root))
    await desk.store.apply([c for fact in history.facts for c in project(fact)])

    listed = (await api.get("/reviews")).json()
    (gone,) = (await api.get("/reviews?state=withdrawn")).json()

    assert listed == []
    assert gone["state"] == (await api.get(f"/reviews/{gone['id']}")).json()["state"] == "withdrawn"


async def test_a_review_shows_who_said_what_and_who_is_asked_next(api, bus, asked):
    ladder = (
        EscalationStep(at=NOON + timedelta(minutes=5), roles=("team-lead",)),
        EscalationStep(at=NOON + timedelta(minutes=9), roles=("director",)),
    )
    history, question = asked(quorum=3, escalations=ladder)
    said = [
        answered("lea"),
        answered("max", "edit", arguments_json=EDITED),
        answered("lea", "edit", arguments_json=EDITED, nonce="2"),
        answered("eve", roles=("intern",)),
    ]
    bus.given(*(history.say(one, history.root) for one in said))
    no = ReviewAnswerRefused(
        review_id="1-1-1", rule="wrong_role", principal="eve", reason="no such role"
    )
    bus.given(history.say(no, bus.facts[-1]))
    up = ReviewEscalated(review_id="1-1-1", level=1, roles=("team-lead",))
    bus.given(history.say(up, question))

    found = (await api.get("/reviews/r-1.1-1-1")).json()

    assert (found["agreed"], found["quorum"]) == (2, 3)
    assert [(one["principal"], one["standing"]) for one in found["answers"]] == [
        ("lea", "replaced"),
        ("max", "waits"),
        ("lea", "waits"),
        ("eve", "refused"),
    ]
    assert found["answers"][3]["refused"] == "wrong_role: no such role"
    assert found["answers"][1]["arguments_json"] == EDITED
    assert found["roles"] == ["support-lead", "team-lead"]
    assert [step["asked"] for step in found["ladder"]] == [True, False]
