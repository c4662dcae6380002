"""Sentences for tests of decisions: `given(history).at(moment).then(Says(...))`."""

from datetime import datetime

from contracts.shape import Body
from services.orchestrator.rules import Book, Move, Revoke, Say, decide
from tests.bodies import NOON, agent, manifest
from tests.histories import History

BOOK = Book(agents={"support": agent()}, manifests={"find_order": manifest()})


def decided(history: History, now: datetime = NOON, book: Book = BOOK) -> tuple[Move, ...]:
    """What the orchestrator would do now."""
    return decide(history.run, now, book)


def said(history: History, now: datetime = NOON, book: Book = BOOK) -> list[Body]:
    """The bodies of what it would append."""
    return [move.body for move in decided(history, now, book) if isinstance(move, Say)]


def revoked(history: History, now: datetime = NOON) -> list[str]:
    """The keys of the claims it would revoke."""
    return [move.body.key for move in decided(history, now) if isinstance(move, Revoke)]
