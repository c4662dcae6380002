"""In what a blast radius is wider than the one that was announced, as sentences."""

from collections.abc import Iterator
from decimal import Decimal

from .radius import Exit, Radius, ToolReach, Worst, is_farther

_MORE = {
    "repeats": "may be called again with the same payee or object",
    "unasked": "may be called though nothing in its arguments is the user's",
    "unplanned": "may be called though the plan of the task does not have it",
    "strayed": "may be called after reads that the plan does not have",
    "unread": "may send what its receivers may not see",
}


def widened(before: Radius | None, after: Radius) -> tuple[str, ...]:
    """In what an agent could do more than was announced; none if in nothing."""
    known = {one.tool: one for one in before.tools} if before is not None else {}
    more = set(after.reads) - set(before.reads if before is not None else ())
    called = set(after.agents) - set(before.agents if before is not None else ())
    return (
        *(told for one in after.tools for told in _tool(known.get(one.tool), one)),
        *(f"{name} shows it what is the tenant's own" for name in sorted(more)),
        *(f"it may call the agent {name}" for name in sorted(called)),
        *_spending(before, after),
        *_worst(before.worst if before is not None else None, after.worst),
    )


def _tool(before: ToolReach | None, after: ToolReach) -> Iterator[str]:
    if after.calls == 0:
        return
    if before is None or before.calls == 0:
        yield f"{after.tool} ({after.effect}) may be called without a person"
        return
    if after.calls > before.calls:
        yield f"{after.tool} may be called {after.calls} times, not {before.calls}"
    if _is_more(before.largest_amount, after.largest_amount):
        most = "no limit of policy" if after.largest_amount is None else after.largest_amount
        yield f"{after.tool}: one amount may be {most}, not {before.largest_amount}"
    if before.review is not None and after.review != before.review:
        yield f"{after.tool}: people were asked when {before.review}; now {after.review}"
    for name, told in _MORE.items():
        if getattr(after, name) and not getattr(before, name):
            yield f"{after.tool} {told}"
    yield from _arguments(before, after)


def _arguments(before: ToolReach, after: ToolReach) -> Iterator[str]:
    for argument in after.payload:
        if argument not in before.payload:
            yield f"{after.tool}: {argument} leaves"
    for argument in after.undeclared:
        if argument not in before.undeclared:
            yield f"{after.tool}: nobody says what {argument} decides"
    if is_farther(after.links, before.links):
        yield f"{after.tool}: its text carries links of {after.links}, not {before.links}"
    known = {one.argument: one.reach for one in before.sinks}
    for one in after.sinks:
        was = known.get(one.argument, "nobody")
        if is_farther(one.reach, was):
            yield f"{after.tool}: {one.argument} reaches {one.reach}, not {was}"


def _spending(before: Radius | None, after: Radius) -> Iterator[str]:
    """What leaves as money of ours, whatever is paid to others."""
    known = before.prices_usd if before is not None else {}
    for name, price in after.prices_usd.items():
        if price > (was := known.get(name, Decimal(0))):
            yield f"a call of {name} costs {price} dollars, not {was}"
    if before is not None and _is_more(before.spends_usd, after.spends_usd):
        yield f"one run may spend {after.spends_usd} dollars, not {before.spends_usd}"


def _worst(before: Worst | None, after: Worst | None) -> Iterator[str]:
    """What holds of the agents that it may call as well."""
    if after is None:
        return
    if before is None:
        yield "what it could do with the agents that it may call was not announced"
        return
    if _is_more(before.money, after.money):
        most = "no limit of policy" if after.money is None else after.money
        yield f"all payments together may be {most}, not {before.money}"
    if is_farther(after.written_to, before.written_to):
        yield f"it writes to {after.written_to}, not {before.written_to}"
    if after.exits:
        for name in after.data:
            if name not in before.data:
                yield f"what {name} shows may leave"
    yield from _exits({one.name: one for one in before.exits}, after.exits)


def _exits(known: dict[str, Exit], after: tuple[Exit, ...]) -> Iterator[str]:
    for one in after:
        was = known.get(one.name)
        carried = set(one.arguments) - set(was.arguments if was is not None else ())
        if was is None:
            yield f"data may leave by {one.name}, to {one.reach}"
        elif is_farther(one.reach, was.reach):
            yield f"data may leave by {one.name} to {one.reach}, not {was.reach}"
        elif carried:
            yield f"data may leave by {one.name} in {', '.join(sorted(carried))}"


def _is_more(before: Decimal | None, after: Decimal | None) -> bool:
    return before is not None and (after is None or after > before)
