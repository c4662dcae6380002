"""The log as whoever watches has it: in its one true order, with each fact once."""

from collections import defaultdict
from dataclasses import dataclass

from contracts.envelope import Fact, Stored, Unbelievable, believe
from contracts.run import RunRedriven
from contracts.shape import Body
from contracts.subjects import ENDS
from tests.histories import Marks

from .engine import Engine

Place = tuple[str, str]  # tenant, run


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken, as a sentence."""

    rule: str
    sentence: str


class Log:
    """The facts of every run as the fold takes them: believed, and each id once."""

    def __init__(self, engine: Engine) -> None:
        self.runs: dict[Place, list[Fact[Body]]] = defaultdict(list)
        self.ends: dict[Place, list[Fact[Body]]] = defaultdict(list)
        self.by_id: dict[str, Fact[Body]] = {}
        self._claims: dict[str, Fact[Body]] = {}
        self._messages = engine.runs.messages

    def take(self, message: Stored) -> Fact[Body] | None:
        """The fact that was stored; None where it is none, or nothing new."""
        try:
            fact = believe(message, Marks())
        except Unbelievable:
            return None
        place = (fact.tenant, fact.run_id)
        if fact.type in ENDS:
            self.ends[place].append(fact)
        if fact.id in self.by_id:
            return None
        self.by_id[fact.id] = fact
        self.runs[place].append(fact)
        if fact.type.endswith(".claimed"):
            self._claims[message.subject] = fact
        return fact

    def end(self, place: Place) -> Fact[Body] | None:
        """The end of a run, once it has one."""
        found = self.ends.get(place)
        return found[0] if found else None

    def claim(self, place: Place, type_: str, key: str) -> Fact[Body] | None:
        """What lies on the exact subject of a claim."""
        return self._claims.get(f"run.{place[0]}.{place[1]}.{type_}.{key}")

    def named(self, message: Stored) -> Fact[Body]:
        """The fact that a delivery is about: a redrive stands for the one that it names."""
        fact = believe(message, Marks())
        if isinstance(fact.body, RunRedriven):
            return believe(self._messages[fact.body.sequence - 1], Marks())
        return fact
