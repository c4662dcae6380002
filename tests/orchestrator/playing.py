"""Histories that today's rules decide, and in which a test plays everybody else.

    played = Played()
    asked = played.begin_task()                 # submitted, cleared; it starts, and asks the model
    played.answer(played.fund(asked), text="Hello.")
    played.decide()

Unlike those of `tests.histories` they can be decided again, to the letter.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from contracts.control import RunCancelRequested
from contracts.envelope import Fact
from contracts.shape import Body
from services.orchestrator.rules import Book, Say, decide
from tests.bodies import NOON, task, task_cleared
from tests.histories import History
from tests.orchestrator.deciding import BOOK

ROUNDS_LIMIT = 50


@dataclass
class Played(History):
    """The clock goes a second with every fact that is not decided, and further by `wait`."""

    book: Book = BOOK
    now: datetime = NOON

    def repeat(self, fact: Fact[Body]) -> Fact[Body]:
        stored = replace(fact, sequence=len(self.facts) + 1, time=self.now, stored_at=self.now)
        self.facts.append(stored)
        self.wait(1)
        return stored

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def decide(self) -> list[Fact[Body]]:
        """Like the orchestrator: decide and append until nothing is missing; what was said."""
        now, before = self.now, len(self.facts)
        for _ in range(ROUNDS_LIMIT):
            moves = decide(self.run, now, self.book)
            if not moves:
                return self.facts[before:]
            self.now = now  # what was decided carries the time that it was decided at
            self.say(moves[0].body, _cause_of(moves[0]))
        raise AssertionError(f"it is not settled after {ROUNDS_LIMIT} rounds")

    def begin_task(self, text: str = "Where is my parcel?") -> Fact[Body]:
        """Submitted and cleared; gives the request of the first step."""
        self.say(task_cleared(text), self.say(task(text)))
        return self.decide()[-1]

    def last(self, type_: str) -> Fact[Body]:
        return next(fact for fact in reversed(self.facts) if fact.type == type_)

    def cancel(self) -> None:
        self.say(RunCancelRequested(principal="olga", nonce="c-1"), self.root)


def _cause_of(move: object) -> str:
    return move.cause_id if isinstance(move, Say) else move.cause.id
