"""A blast radius in words: the worst that an agent could do, asking nobody."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from rich.console import Group
from rich.text import Text

from services.console.cli.output import table

COLUMNS = ("agent", "could", "how often", "whom or what", "how much", "unless a person")
REACHES = {
    "nobody": "nobody",
    "user": "whom the user names",
    "tenant": "the tenant's lists",
    "records": "the tenant's records, and of what the user names",
    "found": "records that an outsider may choose",
    "anybody": "anybody",
}

WAYS = {
    "repeats": "again to the same",
    "unasked": "unasked",
    "unplanned": "beyond the plan",
    "strayed": "after reads beyond the plan",
    "unread": "also what its receivers may not see",
}


def worst(radius: Any) -> Any:
    """What stands below an agent: its radius, or how one gets to know it."""
    if radius is None:
        return "# Its blast radius is not announced: interlock policy radius --write"
    said = "The worst it could do if its model obeyed an attacker, asking nobody:"
    return Group(Text(f"\n{said}"), radius_drawn([radius]))


def radius_drawn(radii: Iterable[Any]) -> Any:
    """One line for each tool that does more than read, and each agent's worst in sentences."""
    shown = tuple(radii)
    rows = [_row(radius["agent"], one) for radius in shown for one in radius["tools"]]
    told = [
        Text(f"{radius['agent']}: {said}")
        for radius in shown
        if radius.get("worst") is not None
        for said in (*_sentences(radius["worst"]), *_spending(radius))
    ]
    if not rows:
        none = "It can only read; nothing is done by its own tools but through a person."
        return Group(Text(none), *told)
    return Group(table(COLUMNS, rows, whole="agent"), *told)


def _spending(radius: Any) -> Iterator[str]:
    """What it costs us, whatever it pays to others."""
    if (most := radius.get("spends_usd")) is None:
        return
    prices = sorted((radius.get("prices_usd") or {}).items())
    priced = "".join(f", {name} at {price} a call" for name, price in prices)
    yield f"one run may spend {most} dollars in all: models{priced}"


def _sentences(worst: Any) -> Iterator[str]:
    """The worst of a run with all that it calls: money, who is written to, what leaves by what."""
    most = worst["money"]
    if most is None:
        yield "one run may pay without a limit of policy, as the user or records state"
    elif Decimal(most):
        yield f"one run may pay {most} in all"
    if worst["written_to"] != "nobody":
        yield f"it may write to or pay {REACHES[worst['written_to']]}"
    for one in worst["exits"]:
        by = f"{one['tool']} of {one['agent']} ({', '.join(one['arguments'])})"
        what = "with a link of" if one["effect"] == "read" else "to"
        yield f"data may leave by {by} {what} {REACHES[one['reach']]}"
    if worst["exits"] and worst["data"]:
        yield f"what may leave: {', '.join(worst['data'])}"


def _row(agent: str, one: Any) -> tuple[object, ...]:
    if one["calls"] == 0:
        return (agent, f"{one['tool']} ({one['effect']})", "never alone", "-", "-", "always")
    targets = [sink for sink in one["sinks"] if sink["kind"] != "amount"]
    amounts = [sink for sink in one["sinks"] if sink["kind"] == "amount"]
    return (
        agent,
        f"{one['tool']} ({one['effect']})",
        f"{one['calls']}, or as planned{_ways(one)}",
        "; ".join(f"{sink['argument']}: {REACHES[sink['reach']]}" for sink in targets) or "-",
        _amount(one, amounts),
        one["review"] or "-",
    )


def _ways(one: Any) -> str:
    """In what ways else the policies let it go on, of which the default ones have none."""
    told = [word for name, word in WAYS.items() if one.get(name)]
    return f"; {', '.join(told)}" if told else ""


def _amount(one: Any, amounts: list[Any]) -> str:
    if not amounts:
        return "-"
    most = one["largest_amount"]
    stated = "as the user or the payee's records state"
    return f"{most}, and {stated}" if most is not None else stated
