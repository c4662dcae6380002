"""What today's code would have said and nobody did: facts too many, and claims taken back.

It is asked after every fact, as a wake-up there would ask it. What it wants there is said sooner or
later, unless something comes first after which it is wanted no more. Few facts are that: whoever
loses an append decides again, and decides the same where others have only done their work.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from contracts.envelope import Fact, follow
from contracts.history import Run
from contracts.review import ReviewDecided, ReviewEscalated
from contracts.run import RunFailed
from contracts.shape import Body
from contracts.subjects import kind_of_body
from contracts.tool import ToolFailed, ToolSucceeded, ToolUnknown
from services.orchestrator.rules import Move, Revoke

from .alone import is_decided
from .divergence import Divergence, told

# What people and other runs say of a run, so that it needs something else than before.
WISHES = (
    "run.cancel_requested",
    "run.pause_requested",
    "run.resume_requested",
    "run.parent_ended",
    "input.cleared",
    "review.answered",
)
LATE = ("deadline_passed", "step_deadline_passed")
SOME_TIME = datetime(2026, 1, 1, tzinfo=UTC)  # no id hangs on the time of its fact


@dataclass
class Unsaid:
    """The moves that are wanted now, and that the history never makes, as divergences."""

    made: frozenset[str]
    _wanted: dict[str, tuple[Move, Divergence]] = field(default_factory=dict)
    _unknown: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, facts: Sequence[Fact[Body]]) -> "Unsaid":
        return cls(frozenset(name for fact in facts for name in (fact.id, _place(fact.body))))

    def passed_over(self, run: Run, moves: Sequence[Move]) -> Iterator[Divergence]:
        """What would have been said first, when a later one of these moves was made."""
        for move in moves:
            name = _name(run, move)
            if name not in self.made and name not in self._wanted:
                yield _too_much(run, run.last_sequence, move)

    def after(self, fact: Fact[Body], run: Run, moves: Sequence[Move]) -> Iterator[Divergence]:
        """What is wanted no more now that this fact was said, though it is no reason.

        `run` has taken the fact, and `moves` are what it needs now.
        """
        wanted = {_name(run, move): move for move in moves}
        is_late = any(_ends_late(move.body) for move in moves)
        for name in [name for name in self._wanted if name not in wanted]:
            move, divergence = self._wanted.pop(name)
            if not (is_late or self._overtakes(fact, move)):
                yield divergence
        for name, move in wanted.items():
            if name in run.seen:
                yield Divergence.at(run, fact.sequence, move.body, "it before", told(move.body))
            elif name not in self.made:
                self._wanted.setdefault(name, (move, _too_much(run, fact.sequence, move)))
        if isinstance(fact.body, ToolUnknown):
            self._unknown.add(_try_of(fact.body))

    def forget(self) -> None:
        """Something decides from here on that is not in this history."""
        self._wanted.clear()

    def left(self) -> Iterator[Divergence]:
        """What is still wanted, and will not be said any more."""
        return (divergence for _, divergence in self._wanted.values())

    def _overtakes(self, fact: Fact[Body], move: Move) -> bool:
        """Whether a move may be wanted before this fact and not after it, though nobody made it."""
        by_clock = is_decided(fact) and _is_by_clock(fact.body)
        if isinstance(move, Revoke) or _is_by_clock(move.body):
            # What is late may still come, or be begun, a moment before that is said.
            return by_clock or not is_decided(fact)
        match fact.body:
            case ToolSucceeded() | ToolFailed() as late:
                return _try_of(late) in self._unknown
            case _:
                return by_clock or fact.type in WISHES


def _is_by_clock(body: Body) -> bool:
    if isinstance(body, ReviewDecided):
        return body.outcome == "expired"
    return _ends_late(body) or isinstance(body, ReviewEscalated | ToolUnknown | ToolFailed)


def _ends_late(body: Body) -> bool:
    return isinstance(body, RunFailed) and body.rule in LATE


def _too_much(run: Run, sequence: int, move: Move) -> Divergence:
    return Divergence.at(run, sequence, move.body, "nothing of the kind after it", told(move.body))


def _name(run: Run, move: Move) -> str:
    """The id of the fact; of a claim its place, where one by anybody may lie."""
    if isinstance(move, Revoke):
        return _place(move.body)
    cause_id, body = move.cause_id, move.body
    return follow(run.tenant, run.run_id, body, cause_id=cause_id, time=SOME_TIME).id


def _place(body: Body) -> str:
    return f"{kind_of_body(type(body)).type}.{body.key}"


def _try_of(body: ToolUnknown | ToolSucceeded | ToolFailed) -> str:
    return f"{body.call}-{body.attempt}"
