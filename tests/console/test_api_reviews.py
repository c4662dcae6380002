import pytest

from contracts.review import ReviewAnswered, ReviewAnswerRefused
from services.console.rules import project
from shared.clock import FixedClock
from shared.testing import MemoryBus
from tests.bodies import NOON
from tests.console.conftest import as_
from tests.console.stories import asked_run, decided_run


async def test_an_answer_is_said_for_the_person_and_the_arguments_they_saw(api, bus, take):
    history, question = asked_run()
    bus.clock.advance((NOON - bus.clock.now()).total_seconds())
    take(history)
    body = {"reason": "lost", "arguments_sha256": question.body.arguments_sha256}

    answer = await api.post("/reviews/r-1.1-1-1/approve", json=body)

    assert answer.status_code == 202
    assert answer.json()["outcome"] == "recorded"
    (said,) = bus.bodies(ReviewAnswered)
    assert (said.decision, said.principal) == ("approve", "anna@example.org")
    assert said.arguments_sha256 == question.body.arguments_sha256
    assert said.roles == ("operator", "support-lead")


class Refusing(MemoryBus):
    """A bus on which every answer is refused at once."""

    async def say(self, cause, body):
        said = await super().say(cause, body)
        if isinstance(body, ReviewAnswered):
            await super().say(said, refusal(body))
        return said


def refusal(answer):
    return ReviewAnswerRefused(
        review_id=answer.review_id,
        rule="own_request",
        principal=answer.principal,
        reason="it is yours",
    )


async def test_an_answer_tells_what_became_of_it(api, bus, take, desk):
    history, _ = asked_run()
    take(history)
    desk.bus = Refusing(clock=FixedClock(NOON), facts=bus.facts)

    answer = (await api.post("/reviews/r-1.1-1-1/approve")).json()

    assert (answer["outcome"], answer["reason"]) == ("refused: own_request", "it is yours")


@pytest.mark.parametrize(
    ("token", "body", "status"),
    [
        ("anna-token", {"arguments_sha256": "0" * 64}, 412),
        ("vera-token", {}, 403),
        ("anna-token", {"args": 1}, 422),
    ],
)
async def test_an_answer_that_cannot_count_is_not_said(api, bus, take, token, body, status):
    history, _ = asked_run()
    bus.clock.advance((NOON - bus.clock.now()).total_seconds())
    take(history)

    answer = await api.post("/reviews/r-1.1-1-1/approve", json=body, headers=as_(token))

    assert answer.status_code == status
    assert bus.bodies(ReviewAnswered) == []


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


async def test_open_reviews_are_listed_and_found_by_the_same_name(api, desk, take):
    history, _ = asked_run()
    take(history)
    await desk.store.apply([c for fact in history.facts for c in project(fact)])

    (line,) = (await api.get("/reviews")).json()

    assert (await api.get(f"/reviews/{line['id']}")).json() == line
    assert (await api.get("/reviews/r-1.9-9-9")).status_code == 404
