"""Whether a run touched anything outside: read from its facts, and checked against a record.

A tool starts after a claim, and its end is told; so a run without claims, all of whose outcomes are
either refusals or repeat an outcome on record, or a stub of its trial, has touched nothing. Model
calls are real, and cost.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.envelope import Fact
from contracts.guardrail import ToolBlocked
from contracts.history import Run
from contracts.history.lineage import canonical_arguments, grown_from, is_shadow
from contracts.history.stubs import STUB, stubbed
from contracts.model import ModelClaimed
from contracts.review import ReviewRequested
from contracts.shape import Body
from contracts.tool import ToolClaimed, ToolFailed, ToolRequested, ToolSucceeded, ToolUnknown

# Of a call that was never started. Any other failure is told by something that ran.
NOT_STARTED = frozenset({"refused", "unavailable", "invalid_arguments"})
PLACES = {"call", "attempt", "replayed_from"}


@dataclass(frozen=True, slots=True)
class Replayed:
    """An outcome that repeats one on record. `problem` says why it does not; None if it does."""

    call: str
    tool: str
    outcome_id: str
    problem: str | None


@dataclass(frozen=True, slots=True)
class Withheld:
    """A call that did not run, and why."""

    call: str
    tool: str
    reason: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What a run did outside. `touched` names every fact that tells of an effect."""

    run_id: str
    forked_from: str | None
    step: int | None
    is_shadow: bool
    is_over: bool
    touched: tuple[str, ...]
    claims: int
    replayed: tuple[Replayed, ...]
    withheld: tuple[Withheld, ...]
    reviews_asked: int
    model_calls: int
    cost_micro_usd: int

    @property
    def holds(self) -> bool:
        return not self.touched and all(one.problem is None for one in self.replayed)

    @property
    def verdict(self) -> str:
        """The whole of it in a sentence."""
        what = f"{'shadow' if self.is_shadow else 'run'} {self.run_id}"
        if not self.holds:
            unfit = (one.outcome_id for one in self.replayed if one.problem is not None)
            facts = ", ".join((*self.touched, *unfit))
            return f"The {what} cannot be shown to have touched nothing: see {facts}"
        until = "touched nothing" if self.is_over else "has touched nothing so far"
        return (
            f"The {what} {until}: 0 effects were claimed, {len(self.replayed)} outcomes repeat the "
            f"record, {len(self.withheld)} calls were withheld"
        )


def prove(run: Run, facts: Sequence[Fact[Body]], record: Sequence[Fact[Body]]) -> Proof:
    """Go through every fact of a run, and hold its outcomes to `record`, the facts it grew from."""
    grown, asked = grown_from(run), _asked(facts)
    outcomes = [one.body for one in facts if isinstance(one.body, ToolSucceeded | ToolFailed)]
    blocked = (one.body for one in facts if isinstance(one.body, ToolBlocked))
    known = {one.id: one for one in record}
    requests = _asked(record)
    return Proof(
        run_id=run.run_id,
        forked_from=grown.run_id if grown is not None else None,
        step=grown.step if grown is not None else None,
        is_shadow=is_shadow(run),
        is_over=run.end is not None,
        touched=tuple(one.id for one in facts if _tells_of_effect(one)),
        claims=sum(_is_claim(one) for one in facts),
        replayed=tuple(
            _replayed(run, one, asked, known, requests) for one in outcomes if one.replayed_from
        ),
        withheld=(
            *(_withheld(one.call, one.attempt, one.reason, asked) for one in blocked),
            *(
                _withheld(one.call, one.attempt, one.reason, asked)
                for one in outcomes
                if isinstance(one, ToolFailed) and _is_refusal(one)
            ),
        ),
        reviews_asked=sum(isinstance(one.body, ReviewRequested) for one in facts),
        model_calls=sum(
            isinstance(one.body, ModelClaimed) and one.body.state == "claimed" for one in facts
        ),
        cost_micro_usd=run.cost_micro_usd,
    )


Asked = dict[tuple[str, int], ToolRequested]


def _asked(facts: Sequence[Fact[Body]]) -> Asked:
    """Every request by call and attempt; the first in log order stands."""
    found: Asked = {}
    for fact in facts:
        if isinstance(fact.body, ToolRequested):
            found.setdefault((fact.body.call, fact.body.attempt), fact.body)
    return found


def _is_claim(fact: Fact[Body]) -> bool:
    return isinstance(fact.body, ToolClaimed) and fact.body.state == "claimed"


def _tells_of_effect(fact: Fact[Body]) -> bool:
    """Whether nobody could say this of a tool that was never started."""
    match fact.body:
        case ToolClaimed(state=state):
            return state == "claimed"
        case ToolSucceeded(replayed_from=source):
            return source is None
        case ToolFailed() as failed:
            return failed.replayed_from is None and not _is_refusal(failed)
        case ToolUnknown():
            return True
        case _:
            return False


def _is_refusal(failed: ToolFailed) -> bool:
    return failed.replayed_from is None and failed.kind in NOT_STARTED


def _replayed(
    run: Run,
    body: ToolSucceeded | ToolFailed,
    asked: Asked,
    known: dict[str, Fact[Body]],
    requests: Asked,
) -> Replayed:
    request = asked.get((body.call, body.attempt))
    source = body.replayed_from or ""
    if source.startswith(STUB):
        problem = _stub_problem(run, body, request)
    else:
        problem = _problem(body, request, known.get(source), requests)
    tool = request.tool if request is not None else "?"
    return Replayed(call=body.call, tool=tool, outcome_id=source, problem=problem)


def _stub_problem(
    run: Run, body: ToolSucceeded | ToolFailed, request: ToolRequested | None
) -> str | None:
    """Why an outcome is not what the stub says that it names; None if it is."""
    if request is None:
        return "nobody asked for it"
    return None if stubbed(run, request) == body else "it says something else than the stub"


def _problem(
    body: ToolSucceeded | ToolFailed,
    request: ToolRequested | None,
    source: Fact[Body] | None,
    requests: Asked,
) -> str | None:
    """Why an outcome does not repeat the one that it names; None if it does."""
    if source is None or not isinstance(source.body, ToolSucceeded | ToolFailed):
        return "there is no such outcome on record"
    before = requests.get((source.body.call, source.body.attempt))
    if request is None or before is None:
        return "nobody asked for it"
    if _key(request) != _key(before):
        return f"it is the outcome of another call, {before.call}"
    if body.model_dump(exclude=PLACES) != source.body.model_dump(exclude=PLACES):
        return "it says something else than the record"
    return None if type(body) is type(source.body) else "it came to another end on record"


def _key(request: ToolRequested) -> tuple[str, str]:
    return request.tool, canonical_arguments(request.arguments_json)


def _withheld(call: str, attempt: int, reason: str, asked: Asked) -> Withheld:
    request = asked.get((call, attempt))
    return Withheld(call, request.tool if request is not None else "?", reason)
