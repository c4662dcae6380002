"""A run that was cut off, driven to its rest: today's decisions, and what others said on record.

Each of the others says its recorded fact again as soon as what that follows from lies in the log,
in the order of the record. The orchestrator comes first, as it does where it is not away. Where
nobody has anything to say, the clock goes on to the next moment of the record.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from contracts.envelope import Fact, follow
from contracts.history import Run, fold
from contracts.run import RunStarted
from contracts.shape import Body
from contracts.subjects import kind_of
from infra.replay.alone import explains_itself, is_decided, is_known
from infra.replay.check import book_of
from services.orchestrator.rules import Move, Say, decide

MOVES_LIMIT = 1_000


@dataclass
class Resumed:
    """`log` is what lies there, `left` the record of what others are still to say."""

    run: Run
    start: Fact[RunStarted] | None
    now: datetime
    left: list[Fact[Body]]
    moments: list[datetime]
    log: list[Fact[Body]] = field(default_factory=list)

    @classmethod
    def after(
        cls, facts: Sequence[Fact[Body]], length: int, ancestor: Run | None = None
    ) -> "Resumed":
        """Cut off after so many facts."""
        first, moments = facts[0], sorted(fact.time for fact in facts)
        run = Run(first.tenant, first.run_id, first.sequence)
        run.ancestor = ancestor
        start = next((fact for fact in facts if isinstance(fact.body, RunStarted)), None)
        resumed = cls(run, start, first.time, _of_others(facts), moments)
        for fact in facts[:length]:
            resumed._store(fact, fact.sequence)
        return resumed

    def to_rest(self) -> "Resumed":
        """Until nobody has anything to say, and nothing is left to wait for."""
        for _ in range(MOVES_LIMIT):
            if not (self._decide() or self._hear() or self._wait()):
                return self
        raise AssertionError(f"it is not at rest after {MOVES_LIMIT} moves")

    def _decide(self) -> bool:
        if not is_known(self.run, self.start):
            return False
        moves = decide(self.run, self.now, book_of(self.start))
        if moves:
            self._store(replace(self._said(moves[0]), time=self.now, stored_at=self.now))
        return bool(moves)

    def _hear(self) -> bool:
        known = {"", *(fact.id for fact in self.log)}
        fact = next((one for one in self.left if one.cause_id in known), None)
        if fact is not None:
            self._store(fact)
        return fact is not None

    def _wait(self) -> bool:
        later = [moment for moment in self.moments if moment > self.now]
        self.now = later[0] if later else self.now
        return bool(later)

    def _store(self, fact: Fact[Body], sequence: int = 0) -> None:
        """Append it; a second claim on a place is none."""
        self.left = [one for one in self.left if one.id != fact.id]
        if kind_of(fact.type).keyed and any(_place(one) == _place(fact) for one in self.log):
            return
        stored = replace(fact, sequence=sequence or self.run.last_sequence + 1)
        self.log.append(stored)
        self.now = max(self.now, fact.time)
        fold([stored], onto=self.run)

    def _said(self, move: Move) -> Fact[Body]:
        cause_id = move.cause_id if isinstance(move, Say) else move.cause.id
        run = self.run
        return follow(run.tenant, run.run_id, move.body, cause_id=cause_id, time=self.now)


def _of_others(facts: Sequence[Fact[Body]]) -> list[Fact[Body]]:
    """What is not decided by the run alone: a start from another run is taken as it was."""
    run = Run(facts[0].tenant, facts[0].run_id, facts[0].sequence)
    found = []
    for fact in facts:
        if not (is_decided(fact) and explains_itself(fact, run)):
            found.append(fact)
        fold([fact], onto=run)
    return found


def _place(fact: Fact[Body]) -> tuple[str, str]:
    return fact.type, fact.body.key
