"""Scorers of what a run called: the calls that its model asked for, in their order."""

from collections.abc import Sequence

from contracts.history import Run
from contracts.scoring import ExpectedCall, Forbidden, Trajectory

from .matching import Made, asked_by, fits, made_by, matched
from .outcome import Outcome, outcome, short


def follows(run: Run, scorer: Trajectory) -> Outcome:
    """Whether the calls are those that were expected, as far as the mode asks."""
    real = made_by(run)
    if scorer.mode == "strict":
        return _in_order(scorer, real)
    found = matched(scorer.calls, real, scorer.arguments)
    missing = [one for at, one in enumerate(scorer.calls) if at not in found]
    if scorer.mode == "subset":
        # Each real call is one of the list, which may name it once for all.
        extra = [
            one
            for one in real
            if not any(fits(each, one, scorer.arguments) for each in scorer.calls)
        ]
        missing = []
    else:
        extra = [one for at, one in enumerate(real) if at not in set(found.values())]
        extra = [] if scorer.mode == "superset" else extra
    told = _difference(missing, extra, real)
    if missing or extra:
        return Outcome(_share(scorer, len(found), len(real), len(extra)), told)
    return Outcome(1.0, told)


def avoids(run: Run, scorer: Forbidden) -> Outcome:
    """Whether the model asked for none of these calls, whatever became of it."""
    found = [
        f"{one} in {one.name}"
        for one in asked_by(run)
        if any(fits(each, one, scorer.arguments) for each in scorer.calls)
    ]
    told = f"it asked for {'; '.join(found)}" if found else "it asked for none of these calls"
    return outcome(not found, short(told))


def _in_order(scorer: Trajectory, real: Sequence[Made]) -> Outcome:
    pairs = zip(scorer.calls, real, strict=False)
    alike = [fits(wanted, one, scorer.arguments) for wanted, one in pairs]
    if all(alike) and len(scorer.calls) == len(real):
        return Outcome(1.0, "the calls are those that were expected, in their order")
    place = alike.index(False) if not all(alike) else len(alike)
    wanted = expected(scorer.calls[place]) if place < len(scorer.calls) else "no further call"
    got = str(real[place]) if place < len(real) else "no further call"
    longest = max(len(scorer.calls), len(real))
    return Outcome(place / longest, short(f"call {place + 1} is {got}; expected was {wanted}"))


def _share(scorer: Trajectory, found: int, real: int, extra: int) -> float:
    """How near it came: never all of it, for then it would have passed."""
    if scorer.mode == "superset":
        return found / len(scorer.calls)
    if scorer.mode == "subset":
        return (real - extra) / real
    return found / max(len(scorer.calls), real)


def expected(one: ExpectedCall) -> str:
    """An expected call, as a real one is shown."""
    return f"{one.tool}(…)" if one.arguments is None else str(Made("", one.tool, one.arguments))


def _difference(
    missing: Sequence[ExpectedCall], extra: Sequence[Made], real: Sequence[Made]
) -> str:
    if not missing and not extra:
        return f"{len(real)} calls, as expected"
    parts = []
    if missing:
        parts.append(f"missing {', '.join(map(expected, missing))}")
    if extra:
        parts.append(f"not expected {', '.join(map(str, extra))}")
    return short("; ".join(parts))
