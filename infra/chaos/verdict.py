"""What became of the runs. Pure: from the log, the counter and the books; from no read model."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contracts.envelope import Fact
from contracts.review import ReviewDecided, ReviewRequested
from contracts.run import RunFailed, RunStarted
from contracts.shape import Body
from contracts.subjects import ENDS
from contracts.tool import ToolClaimed, ToolFailed, ToolRequested, ToolSucceeded, ToolUnknown

from .books import Books
from .counter import Charge, happened

OUTCOMES = (ToolSucceeded, ToolFailed, ToolUnknown)


@dataclass(frozen=True, slots=True)
class Story:
    """One run: whether its submission was acknowledged, and every fact of it."""

    run_id: str
    acknowledged: bool
    facts: Sequence[Fact[Body]]


@dataclass
class Verdict:
    """Each list names runs or calls, so that whoever reads it can look them up."""

    completed: int = 0
    failed_by_rule: Counter[str] = field(default_factory=Counter)
    cancelled: int = 0
    unknown_asked: int = 0
    unknown_retried: int = 0
    unknown_settled_late: int = 0
    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    overspent: list[str] = field(default_factory=list)
    unknown_unasked: list[str] = field(default_factory=list)
    contradicted: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether every promise was kept."""
        return not (
            self.lost
            or self.duplicated
            or self.overspent
            or self.unknown_unasked
            or self.contradicted
        )


def judge(stories: Sequence[Story], charges: Sequence[Charge], books: Books) -> Verdict:
    """Hold every run against what was promised of it."""
    verdict = Verdict()
    for story in stories:
        _judge_end(story, verdict)
        _judge_calls(story, charges, verdict)
        _judge_money(story, books.cost_of_run, verdict)
    if books.budgets_over_cap:
        verdict.overspent.append(f"{books.budgets_over_cap} budgets above their cap")
    return verdict


def is_told(story: Story) -> bool:
    """Whether of every call that it began something was said, or asked."""
    verdict = Verdict()
    _judge_calls(story, (), verdict)
    return not verdict.unknown_unasked


def _judge_end(story: Story, verdict: Verdict) -> None:
    ends = [fact for fact in story.facts if fact.type in ENDS]
    if story.acknowledged and not ends:
        verdict.lost.append(story.run_id)
    if len(ends) > 1:
        verdict.duplicated.append(f"{story.run_id} has {len(ends)} ends")
    match ends[0] if ends else None:
        case None:
            pass
        case Fact(body=RunFailed(rule=rule)):
            verdict.failed_by_rule[rule] += 1
        case Fact(type="run.completed"):
            verdict.completed += 1
        case _:
            verdict.cancelled += 1


def _judge_calls(story: Story, charges: Sequence[Charge], verdict: Verdict) -> None:
    mine = [charge for charge in charges if charge.run == story.run_id]
    for name, facts in _calls(story.facts).items():
        times = happened(mine, story.run_id, name)
        place = f"{story.run_id} call {name}"
        # Whoever was told that it did not happen may charge again.
        if times > 1 + _denials(facts):
            verdict.duplicated.append(f"{place} was charged {times} times")
        if reason := _contradiction(facts, times):
            verdict.contradicted.append(f"{place} {reason}")
        for fact in facts:
            if isinstance(fact.body, ToolUnknown):
                _judge_unknown(place, fact.body, facts, verdict)
    verdict.unknown_unasked += [f"{story.run_id} call {one}" for one in _untold(story.facts)]
    stray = {charge.call for charge in mine} - set(_calls(story.facts))
    verdict.duplicated += [f"{story.run_id} charged for {call}, which is no call" for call in stray]


def _judge_unknown(
    place: str, unknown: ToolUnknown, facts: Sequence[Fact[Body]], verdict: Verdict
) -> None:
    """A person was asked; or it was attempted again under its key; or its worker told it late."""
    for fact in facts:
        match fact.body:
            case ReviewRequested(about="outcome", attempt=attempt) if attempt == unknown.attempt:
                verdict.unknown_asked += 1
                return
            case ToolRequested(attempt=attempt) if attempt == unknown.attempt + 1:
                verdict.unknown_retried += 1
                return
    if any(
        isinstance(fact.body, ToolSucceeded | ToolFailed) and fact.body.attempt == unknown.attempt
        for fact in facts
    ):
        verdict.unknown_settled_late += 1
    else:
        verdict.unknown_unasked.append(place)


def _untold(facts: Sequence[Fact[Body]]) -> list[str]:
    """Calls that somebody began, and of which nothing was said since."""
    claims = [fact.body for fact in facts if isinstance(fact.body, ToolClaimed)]
    outcomes = [fact.body for fact in facts if isinstance(fact.body, OUTCOMES)]
    told = {(one.call, one.attempt) for one in outcomes}
    begun = (one for one in claims if one.state == "claimed" and one.child_run_id is None)
    return [one.call for one in begun if (one.call, one.attempt) not in told]


def _contradiction(facts: Sequence[Fact[Body]], times: int) -> str | None:
    """Where the log tells the model something else than what happened outside."""
    if any(isinstance(fact.body, ToolSucceeded) for fact in facts):
        return None if times else "succeeded, and was never charged"
    if times and _denials(facts):
        return "was charged, and a person was led to say that it was not"
    unsure = any(isinstance(fact.body, ToolUnknown) for fact in facts)
    if times and not unsure and any(isinstance(fact.body, ToolFailed) for fact in facts):
        return "failed, and was charged"
    return None


def _denials(facts: Sequence[Fact[Body]]) -> int:
    """How often a person said of this call that it did not happen."""
    about = {
        fact.body.review_id
        for fact in facts
        if isinstance(fact.body, ReviewRequested) and fact.body.about == "outcome"
    }
    return sum(
        isinstance(fact.body, ReviewDecided)
        and fact.body.outcome == "rejected"
        and fact.body.review_id in about
        for fact in facts
    )


def _judge_money(story: Story, costs: Mapping[str, int], verdict: Verdict) -> None:
    started = next((fact.body for fact in story.facts if isinstance(fact.body, RunStarted)), None)
    cost = costs.get(story.run_id, 0)
    cap = started.limits.budget_micro_usd if started is not None else 0
    if cost > cap:
        verdict.overspent.append(f"{story.run_id} cost {cost} micro-dollars, its cap is {cap}")


def _calls(facts: Sequence[Fact[Body]]) -> dict[str, list[Fact[Body]]]:
    """The facts of each tool call, by its name."""
    calls: dict[str, list[Fact[Body]]] = {}
    reviews: dict[str, str] = {}
    for fact in facts:
        call = getattr(fact.body, "call", None)
        if isinstance(fact.body, ReviewRequested):
            reviews[fact.body.review_id] = fact.body.call
        elif isinstance(fact.body, ReviewDecided):
            call = reviews.get(fact.body.review_id)
        if isinstance(call, str):
            calls.setdefault(call, []).append(fact)
    return calls
