"""`interlock eval frontier --weights`: how routes might share runs, and that for `models.yaml`."""

from collections.abc import Iterator, Sequence
from typing import Any

import yaml
from rich.text import Text

from infra.evals.commands.figures import price_told, share_told
from services.console.cli.output import table

COLUMNS = ("alias", "route", "runs", "accepted", "per accepted", "now", "weight", "why")
WHOLE = "runs accepted now weight"
LEGEND = "Nothing was changed. For models.yaml: --weights -o yaml"
NOTHING = "No agent asks for an alias with more than one route: there is nothing to weigh."
HEAD = "# For models.yaml: the routes of these aliases, with the weights that their runs suggest."


def weights_drawn(found: Any) -> Any:
    """For people."""
    rows = [_row(alias, route) for alias in found["aliases"] for route in alias["routes"]]
    if not rows:
        return NOTHING
    drawn = table(COLUMNS, rows, numbers="runs now weight", whole=WHOLE)
    drawn.caption = LEGEND if found["whole"] else f"{LEGEND} Some runs were left out: narrow it."
    return drawn


def weights_yaml(found: Any) -> str:
    """To be pasted."""
    lines = list(_lines(found["aliases"]))
    return "\n".join([HEAD, "aliases:" if lines else "aliases: {}", *lines])


def _lines(aliases: Sequence[Any]) -> Iterator[str]:
    for alias in aliases:
        yield f"  {alias['alias']}:\n    routes:"
        for one in alias["routes"]:
            route = {name: one[name] for name in ("provider", "api", "model", "weight")}
            written = yaml.safe_dump(
                route, default_flow_style=True, sort_keys=False, width=float("inf")
            )
            yield f"      - {written.strip()}"


def _row(alias: Any, route: Any) -> Sequence[object]:
    rate, price, now = route["rate"], route["cost_per_accepted_micro_usd"], route["weight_now"]
    return (
        alias["alias"],
        Text(f"{route['provider']}/{route['model']}", overflow="fold"),
        route["runs"],
        "-" if rate is None else share_told(rate),
        "-" if price is None else price_told(price),
        "-" if now is None else f"{now:g}",
        f"{route['weight']:g}",
        route["reason"],
    )
