"""What was done for a run cost, in all: its own model calls, and those of the runs below it."""

from dataclasses import dataclass

from contracts.history import Run
from contracts.history.taken import children_of, unsettled_of
from contracts.shape import MicroUsd
from shared.bus import Bus

FAMILY_LIMIT = 200  # runs below one: more are not looked at, and cost nothing here


@dataclass(frozen=True, slots=True)
class Bill:
    """What is settled, and how many model calls are not."""

    cost: MicroUsd
    unsettled: int


async def whole_bill(run: Run, bus: Bus) -> Bill:
    """The bill of a run that is over, and of every run that answered a call of it."""
    assert run.end is not None, "a run that goes on may still spend"
    cost, unsettled = run.cost_micro_usd, unsettled_of(run)
    left, seen = list(children_of(run)), 0
    while left and seen < FAMILY_LIMIT:
        child = await bus.read(run.tenant, left.pop(), as_of=run.end.sequence)
        seen += 1
        cost += child.cost_micro_usd
        unsettled += unsettled_of(child)
        left += children_of(child)
    return Bill(cost, unsettled)
