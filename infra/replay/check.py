"""Decide a recorded history again, fact by fact, and compare.

Each fact that the orchestrator appended was decided on the facts before it, at the time that it
carries. Today's `fold` and `decide` must say the same there, and nothing more at the end.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from contracts.control import RunPaused, RunResumed
from contracts.envelope import Fact
from contracts.history import Run, fold
from contracts.run import DECIDE_VERSION, FOLD_VERSION, RunStarted
from contracts.shape import Body
from contracts.subjects import ORCHESTRATOR, kind_of
from services.orchestrator.rules import Book, Say, decide

# Said by a handler about another run, or because of what no history holds: who else was open.
NOT_DECIDED = ("run.parent_ended", "run.queued")


@dataclass(frozen=True, slots=True)
class Divergence:
    """One place at which today's code does not say what was said."""

    tenant: str
    run_id: str
    step: int
    sequence: int
    rule: str
    recorded: str
    decided: str

    def __str__(self) -> str:
        place = f"run {self.tenant}/{self.run_id}, step {self.step}, sequence {self.sequence}"
        return f"{place}, rule {self.rule}: recorded {self.recorded}; decided {self.decided}"


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
    told = sorted(facts, key=lambda fact: fact.sequence)
    if not told or len({(fact.tenant, fact.run_id) for fact in told}) != 1:
        raise ValueError("a replay needs the facts of one run")
    run = Run(told[0].tenant, told[0].run_id, told[0].sequence)
    run.ancestor = ancestor
    book, found = _book(told), list[Divergence]()
    decisions = skipped = 0
    for fact in told:
        if kind_of(fact.type).owner == ORCHESTRATOR:
            if _explains_itself(fact, run):
                decisions += 1
                found.extend(_compare(run, fact, book))
            else:
                skipped += 1
        fold([fact], onto=run)
    found.extend(_at_rest(run, told[-1], book))
    return Replay(run.tenant, run.run_id, decisions, skipped, tuple(found))


def _explains_itself(fact: Fact[Body], run: Run) -> bool:
    """Whether the facts before it, and its time, are all that it was decided by."""
    match fact.body:
        case RunPaused(scope=scope):
            return scope == "run"
        case RunResumed():
            return run.pause is not None and run.pause.paused.body.scope == "run"
        case RunStarted(ancestor=ancestor, parents=parents):
            return ancestor is None and not parents
        case _:
            return fact.type not in NOT_DECIDED


def _compare(run: Run, fact: Fact[Body], book: Book) -> Iterator[Divergence]:
    yield from _versions(run, fact)
    moves = decide(run, fact.time, book)
    says = [move for move in moves if isinstance(move, Say)]
    if any(move.cause_id == fact.cause_id and move.body == fact.body for move in says):
        return
    near = next((move for move in says if isinstance(move.body, type(fact.body))), None)
    decided = _shown(near.body, fact.body) if near else ", ".join(_names(says)) or "nothing"
    recorded = _shown(fact.body, near.body) if near else fact.type
    yield _divergence(run, fact, recorded, decided)


def _versions(run: Run, fact: Fact[Body]) -> Iterator[Divergence]:
    """A history of other versions is decided by them, and by nobody else."""
    if not isinstance(fact.body, RunStarted):
        return
    pinned = (fact.body.fold_version, fact.body.decide_version)
    if pinned != (FOLD_VERSION, DECIDE_VERSION):
        ours = f"({FOLD_VERSION}, {DECIDE_VERSION})"
        yield _divergence(run, fact, f"versions {pinned}", f"versions {ours}: it would wait")


def _at_rest(run: Run, last: Fact[Body], book: Book) -> Iterator[Divergence]:
    """A run that is over needs nothing more."""
    if run.end is None:
        return
    moves = decide(run, last.time, book)
    if moves:
        names = ", ".join(_names([move for move in moves if isinstance(move, Say)])) or "a claim"
        yield _divergence(run, last, "nothing after its end", names)


def _book(facts: list[Fact[Body]]) -> Book:
    """The configuration that the run was started by, as its start pinned it."""
    started = next((fact.body for fact in facts if isinstance(fact.body, RunStarted)), None)
    if started is None:
        return Book({}, {})
    agent = started.agent
    # Of the agents that it may call, a start asks only whether they are there.
    others = {delegate.agent: agent for delegate in agent.agents.values()}
    manifests = {tool.name: tool for tool in started.tools}
    return Book(
        {**others, agent.name: agent},
        manifests,
        context_tokens={agent.model: started.context_tokens},
    )


def _divergence(run: Run, fact: Fact[Body], recorded: str, decided: str) -> Divergence:
    rule = str(getattr(fact.body, "rule", fact.type))
    step = len(run.steps)
    return Divergence(run.tenant, run.run_id, step, fact.sequence, rule, recorded, decided)


def _names(says: list[Say]) -> list[str]:
    return [type(move.body).__name__ for move in says]


def _shown(body: Body, other: Body) -> str:
    """The fields in which it differs."""
    mine, theirs = body.model_dump(mode="json"), other.model_dump(mode="json")
    differing = {name: value for name, value in mine.items() if theirs.get(name) != value}
    return f"{type(body).__name__} {differing}"[:500] if differing else f"{type(body).__name__}"
