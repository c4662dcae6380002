"""Runs that people pause, and the books of a platform under orders."""

from dataclasses import replace
from datetime import timedelta

from contracts.control import (
    ControlOrdered,
    RunPaused,
    RunPauseRequested,
    RunResumeRequested,
)
from contracts.review import ReviewAnswered, ReviewRequested
from services.orchestrator.rules import Book
from shared.orders import FixedOrders
from tests.bodies import (
    NOON,
    manifest,
    tool_escalated,
)
from tests.histories import History
from tests.orchestrator.deciding import BOOK, decided

ORDER = ("find_order", '{"order_id": "1042"}')
LONG_AFTER = NOON + timedelta(days=1)


def started() -> History:
    history = History()
    history.begin(manifest())
    return history


def pause(history: History, nonce: str = "p-1") -> RunPaused:
    """A person pauses the run, and the orchestrator obeys."""
    request = RunPauseRequested(principal="anna", reason="wait", nonce=nonce)
    history.say(request, history.root)
    [move] = decided(history)
    return history.say(move.body, move.cause_id)


def resume(history: History) -> None:
    history.say(RunResumeRequested(principal="otto", nonce="r-1"), history.root)


def under(*orders: ControlOrdered) -> Book:
    return replace(BOOK, orders=FixedOrders(orders))


def answered(question: ReviewRequested) -> ReviewAnswered:
    return ReviewAnswered(
        review_id=question.review_id,
        decision="approve",
        principal="lea",
        roles=question.roles,
        arguments_sha256=question.arguments_sha256,
        nonce="a",
    )


def reviewed():
    """A run that waits for a person; gives it and the question."""
    history = started()
    asked = history.call(history.step(calls=[ORDER]))
    history.say(tool_escalated(asked.body), asked)
    [move] = decided(history)
    assert isinstance(move.body, ReviewRequested)
    return history, history.say(move.body, move.cause_id)
