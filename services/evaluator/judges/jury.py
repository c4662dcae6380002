"""What the judges of a jury say together. Who says nothing has no vote, and is named.

A judge who was asked in both orders, and says another thing in each, looked at the places and not
at the answers: that is counted, and is no vote.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2

from contracts.evaluation import AssertionResult, JudgeVerdict
from contracts.scoring import Judged
from services.evaluator.judges.config import Judge, Jury
from services.evaluator.judges.prompts import Order, orders_of
from services.evaluator.judges.verdicts import Says

SHOWN_CHARACTERS = 200  # of what one judge gave as its reason
INCONSISTENT = "it says another thing when the two answers change places"


@dataclass(frozen=True, slots=True)
class Vote:
    """What one judge says over all orders in which it was asked."""

    judge: str
    says: Says
    reason: str
    is_inconsistent: bool = False


def combine(verdicts: Sequence[JudgeVerdict], jury: Jury, scorer: Judged) -> AssertionResult:
    """One result of all verdicts, whatever the order they came in.

    Its score is the share of passes among the votes. It is undecided below the quorum, where as
    many pass as fail, and where the jury must be unanimous and is not. Verdicts of anybody who is
    not of the jury, or is of another version, are left out.
    """
    orders = orders_of(scorer.reference)
    believed = _believed(verdicts, jury, orders)
    votes = [vote_of(judge, believed, orders) for judge in jury.judges]
    passes = sum(vote.says == "pass" for vote in votes)
    fails = sum(vote.says == "fail" for vote in votes)
    doubt = _doubt(passes, fails, jury)
    share = passes / (passes + fails) if passes + fails else 0.0
    return AssertionResult(
        name=scorer.metric,
        passed=doubt is None and passes > fails,
        score=share,
        reason=_sentence(votes, jury, doubt, share),
        kind=scorer.kind,
        weight=scorer.weight,
        undecided=doubt is not None,
        doubt=doubt or "",
        by=jury.asked(scorer),
        verdicts=tuple(believed),
    )


def vote_of(judge: Judge, verdicts: Sequence[JudgeVerdict], orders: Sequence[Order]) -> Vote:
    """One judge's vote: what it says in every order that it was asked in."""
    own = [verdict for verdict in verdicts if verdict.judge == judge.name]
    unheard = set(orders) - {verdict.order for verdict in own}
    silent = next((verdict for verdict in own if verdict.says == "nothing"), None)
    said = {verdict.says for verdict in own}
    if {"pass", "fail"} <= said:
        return Vote(judge.name, "nothing", INCONSISTENT, is_inconsistent=len(orders) > 1)
    if unheard:
        return Vote(judge.name, "nothing", "it gave no answer")
    if silent is not None:
        return Vote(judge.name, "nothing", silent.reason)
    return Vote(judge.name, own[0].says, own[0].reason)


def disagreement(share: float) -> float:
    """The entropy of the votes in bits: 0 where all say the same, 1 where they are split."""
    return -sum(part * log2(part) for part in (share, 1 - share) if part > 0) + 0.0


def _believed(
    verdicts: Sequence[JudgeVerdict], jury: Jury, orders: Sequence[Order]
) -> list[JudgeVerdict]:
    """Those of the jury, as it is now, in its order."""
    seats = {(judge.name, judge.version): at for at, judge in enumerate(jury.judges)}
    own = [
        verdict
        for verdict in verdicts
        if (verdict.judge, verdict.version) in seats and verdict.order in orders
    ]
    # By its whole content in the end, so that no order of arrival is left in it.
    return sorted(
        own,
        key=lambda one: (
            seats[one.judge, one.version],
            orders.index(one.order),
            one.model_dump_json(),
        ),
    )


def _doubt(passes: int, fails: int, jury: Jury) -> str | None:
    if passes + fails < jury.quorum:
        return f"{passes + fails} said something, {jury.quorum} must"
    if passes == fails:
        return "as many pass it as fail it"
    if jury.decide == "unanimous" and passes and fails:
        return "they must be unanimous"
    return None


def _sentence(votes: Sequence[Vote], jury: Jury, doubt: str | None, share: float) -> str:
    who = "a single judge" if jury.is_single else f"{len(votes)} judges of {jury.name}"
    told = "; ".join(f"{vote.judge} says {vote.says}: {_short(vote.reason)}" for vote in votes)
    counted = [f"disagreement {disagreement(share):.2f} bits"] if not jury.is_single else []
    places = sum(vote.is_inconsistent for vote in votes)
    counted += [f"{places} position-inconsistent"] if places else []
    tail = f" ({', '.join(counted)})" if counted else ""
    return f"{who}{f', undecided: {doubt}' if doubt else ''}{tail}: {told}"


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 1]}…"
