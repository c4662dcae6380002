"""Decide a recorded history again, fact by fact, and compare.

Each fact that the orchestrator appended, and each claim that it took back, was decided on the facts
before it, at the time that it carries. Today's `fold` and `decide` must say the same there, and
nothing that was never said.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import cast

from contracts.agent import Agent
from contracts.envelope import Fact
from contracts.history import Run, fold
from contracts.run import DECIDE_VERSION, FOLD_VERSION, RunStarted
from contracts.shape import Body
from services.orchestrator.rules import Book, Move, Revoke, Say, decide

from .alone import explains_itself, is_decided, is_known
from .divergence import Divergence, told
from .unsaid import Unsaid


@dataclass(frozen=True, slots=True)
class Replay:
    """What became of one history. `skipped` are facts that its own facts do not explain."""

    tenant: str
    run_id: str
    decisions: int
    skipped: int
    divergences: tuple[Divergence, ...]


def replay(facts: Iterable[Fact[Body]], ancestor: Run | None = None) -> Replay:
    """Fold and decide one run from its first fact to its last; `ancestor` is what it grew from.

    Raises:
        ValueError: there are no facts, or they are of more than one run.
    """
    history = sorted(facts, key=lambda fact: fact.sequence)
    if not history or len({(fact.tenant, fact.run_id) for fact in history}) != 1:
        raise ValueError("a replay needs the facts of one run")
    run = Run(history[0].tenant, history[0].run_id, history[0].sequence)
    run.ancestor = ancestor
    started = (fact for fact in history if isinstance(fact.body, RunStarted))
    start = cast("Fact[RunStarted] | None", next(started, None))
    replaying = _Replaying(run, book_of(start), start, Unsaid.of(history))
    found = [one for fact in history for one in replaying.take(fact)]
    if run.end is not None:
        found.extend(replaying.unsaid.left())
    return Replay(
        run.tenant, run.run_id, replaying.decisions, replaying.skipped, tuple(dict.fromkeys(found))
    )


@dataclass
class _Replaying:
    """One history on its way through today's code."""

    run: Run
    book: Book
    start: Fact[RunStarted] | None
    unsaid: Unsaid
    decisions: int = 0
    skipped: int = 0
    # What was decided together is appended one after the other, while nobody says anything else.
    batch: tuple[Move, ...] = ()
    # A claim waits for no append: it may have been decided some facts earlier.
    revokes: list[Revoke] = field(default_factory=list)

    def take(self, fact: Fact[Body]) -> Iterator[Divergence]:
        """Decide before it, if it was decided; then fold it, and decide after it."""
        explained = explains_itself(fact, self.run)
        if is_decided(fact) and explained:
            self.decisions += 1
            yield from self._compare(fact)
        else:
            self.batch = ()
        self.skipped += is_decided(fact) and not explained
        fold([fact], onto=self.run)
        if not (explained and is_known(self.run, self.start)):
            self.unsaid.forget()
            return
        moves = decide(self.run, fact.time, self.book)
        self.revokes += (move for move in moves if isinstance(move, Revoke))
        yield from self.unsaid.after(fact, self.run, moves)

    def _compare(self, fact: Fact[Body]) -> Iterator[Divergence]:
        yield from _versions(self.run, fact)
        moves = decide(self.run, fact.time, self.book)
        for decided in (self.batch, moves, *([one] for one in self.revokes)):
            at = next((at for at, move in enumerate(decided) if _is(move, fact)), None)
            if at is not None:
                yield from self.unsaid.passed_over(self.run, decided[:at])
                self.batch = tuple(decided[at + 1 :])
                return
        self.batch = ()
        near = next((move for move in moves if isinstance(move.body, type(fact.body))), None)
        instead = told(near.body, fact.body) if near else ", ".join(_names(moves)) or "nothing"
        recorded = told(fact.body, near.body) if near else fact.type
        yield Divergence.at(self.run, fact.sequence, fact.body, recorded, instead)


def _is(move: Move, fact: Fact[Body]) -> bool:
    cause_id = move.cause_id if isinstance(move, Say) else move.cause.id
    return (cause_id, move.body) == (fact.cause_id, fact.body)


def _versions(run: Run, fact: Fact[Body]) -> Iterator[Divergence]:
    """A history of other versions is decided by them, and by nobody else."""
    if not isinstance(fact.body, RunStarted):
        return
    pinned = (fact.body.fold_version, fact.body.decide_version)
    if pinned != (FOLD_VERSION, DECIDE_VERSION):
        ours = f"versions {(FOLD_VERSION, DECIDE_VERSION)}: it would wait"
        yield Divergence.at(run, fact.sequence, fact.body, f"versions {pinned}", ours)


@dataclass(frozen=True, slots=True)
class _Released:
    """Of whatever release a run is, its start has pinned the definition."""

    agent: Agent

    def definition(self, agent: str, version: str) -> Agent:  # noqa: ARG002
        return self.agent


def book_of(start: Fact[RunStarted] | None) -> Book:
    """The configuration that the run was started by, as its start pinned it."""
    if start is None:
        return Book({}, {})
    started, agent = start.body, start.body.agent
    # Of the agents that it may call, a start asks only whether they are there.
    others = {delegate.agent: agent for delegate in agent.agents.values()}
    manifests = {tool.name: tool for tool in started.tools}
    return Book(
        {**others, agent.name: agent},
        manifests,
        context_tokens={agent.model: started.context_tokens},
        trials_act=True,
        releases=_Released(agent),
        configuration=started.configuration,
    )


def _names(moves: Iterable[Move]) -> list[str]:
    return [type(move.body).__name__ for move in moves]
