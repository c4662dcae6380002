"""Recorded calls judged again by another tool policy: what would have been decided otherwise.

No model is asked: the calls are those that models made. Where the policy decides otherwise, the run
would have gone another way from there, and nobody knows how well; elsewhere nothing changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from contracts.guardrail import ToolBlocked, ToolCleared, ToolEscalated
from contracts.history import Run
from contracts.shape import Body
from services.evaluator.results import Result
from services.guardrail_checker.rules import ToolPolicy, judge_call

Word = Literal["cleared", "blocked", "escalated"]
SHOWN = 3  # changed decisions in a sentence


@dataclass(frozen=True, slots=True)
class Decision:
    """One call: what was decided of it, and what the other policy decides."""

    call: str
    tool: str
    before: Word
    after: Word
    reason: str

    @property
    def is_other(self) -> bool:
        return self.before != self.after

    def __str__(self) -> str:
        return f"call {self.call} of {self.tool} was {self.before}, now {self.after}: {self.reason}"


def judged_again(run: Run, policy: ToolPolicy, above: Sequence[Run] = ()) -> list[Decision]:
    """Every call that a gate has judged, by the policy of then and by this one.

    The first attempt of each counts: what people answered to a question is theirs, and stays.
    `above` are the runs that called this one, the nearest first.
    """
    found = []
    for step in run.steps:
        for call in step.calls:
            first = call.tries[0] if call.tries else None
            if first is None or first.verdict is None:
                continue
            asked = first.request
            verdict = judge_call(run, asked.body, policy, asked.time, above)
            found.append(
                Decision(
                    call=call.name,
                    tool=asked.body.tool,
                    before=_word(first.verdict.body),
                    after=_word(verdict),
                    reason=verdict.reason,
                )
            )
    return found


def under(policy: ToolPolicy, run: Run, recorded: Result, above: Sequence[Run] = ()) -> Result:
    """What the run would have come to; its quality is unknown where a decision is another."""
    decisions = judged_again(run, policy, above)
    others = [one for one in decisions if one.is_other]
    told = "; ".join(map(str, others[:SHOWN]))
    more = f"; and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
    changes = {
        "arm": arm_of(policy),
        "run_id": recorded.run_id,
        "approvals": recorded.approvals + _more(decisions, "escalated"),
        "blocked": recorded.blocked + _more(decisions, "blocked"),
        "touched_nothing": None,
    }
    if others:
        changes |= {"passed": None, "scores": (), "why": told + more, "answer": ""}
    return recorded.model_copy(update=changes)


def arm_of(policy: ToolPolicy) -> str:
    """The name of a policy as an arm: its version, as a token."""
    return policy.version.replace("@", "-")


def _more(decisions: list[Decision], word: Word) -> int:
    return sum(one.after == word for one in decisions) - sum(
        one.before == word for one in decisions
    )


def _word(verdict: Body) -> Word:
    match verdict:
        case ToolCleared():
            return "cleared"
        case ToolEscalated():
            return "escalated"
        case ToolBlocked():
            return "blocked"
        case _:
            raise AssertionError(f"no gate says {type(verdict).__name__} of a call")
