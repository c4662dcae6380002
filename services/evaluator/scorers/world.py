"""Scorers of what a run changed: its calls with effects that succeeded, or rows of a database."""

from collections.abc import Sequence

from pydantic import JsonValue

from contracts.history import Call, Run
from contracts.scoring import Database, Effects
from contracts.tool import ToolSucceeded, ToolUnknown

from .matching import made, matched, same
from .outcome import Outcome, short
from .trajectory import expected

READS = "read"
Row = dict[str, JsonValue]


def changed(run: Run, scorer: Effects) -> Outcome:
    """Whether exactly these effects came about; in a trial, those that would have."""
    if unknown := [str(made(call)) for call in _with_effects(run) if _ended(call, ToolUnknown)]:
        return Outcome(None, short(f"nobody knows whether it happened: {', '.join(unknown)}"))
    real = [made(call) for call in _with_effects(run) if _ended(call, ToolSucceeded)]
    found = matched(scorer.calls, real, scorer.arguments)
    missing = [expected(one) for at, one in enumerate(scorer.calls) if at not in found]
    extra = [str(one) for at, one in enumerate(real) if at not in set(found.values())]
    if not missing and not extra:
        return Outcome(1.0, f"{len(real)} effects, as expected" if real else "it changed nothing")
    told = [f"missing {', '.join(missing)}"] if missing else []
    told += [f"not expected {', '.join(extra)}"] if extra else []
    return Outcome(len(found) / max(len(scorer.calls), len(real)), short("; ".join(told)))


def rows_are(found: Sequence[Row], scorer: Database) -> Outcome:
    """Whether a query gave these rows; without `in_order`, in any order."""
    wanted, rest = list(scorer.rows), list(found)
    if scorer.in_order:
        alike = same(wanted, rest)
        told = "the rows are those that were expected" if alike else f"it has {short(str(rest))}"
        return Outcome(float(alike), told)
    missing = []
    for row in wanted:
        place = next((at for at, one in enumerate(rest) if same(row, one)), None)
        if place is None:
            missing.append(row)
        else:
            del rest[place]
    if not missing and not rest:
        return Outcome(1.0, f"{len(wanted)} rows, as expected")
    told = f"missing {missing}; not expected {rest}"
    return Outcome(0.0, f"{scorer.database}: {short(told)}")


def _with_effects(run: Run) -> list[Call]:
    """Calls of tools that do more than read."""
    tools = run.started.body.tools if run.started is not None else ()
    effects = {tool.name for tool in tools if tool.effect != READS}
    return [call for step in run.steps for call in step.calls if call.part.name in effects]


def _ended(call: Call, as_what: type[ToolSucceeded | ToolUnknown]) -> bool:
    """Whether its last attempt came to this end."""
    outcome = call.last.outcome if call.last is not None else None
    return outcome is not None and isinstance(outcome.body, as_what)
