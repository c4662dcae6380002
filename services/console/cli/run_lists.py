"""`interlock runs list`: which runs there are, by whatever is known of them."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.text import Text

from contracts.shape import MICRO
from services.console.cli.client import Client, connect
from services.console.cli.errors import CommandFailed
from services.console.cli.output import (
    AsJson,
    Output,
    ends_well,
    filled,
    moment,
    show,
    status_text,
    table,
    wants_json,
)
from services.console.rules.words.amounts import usd

WHOLE = "run status agent customer steps cost submitted"
MONTH_TO_MINUTE = slice(5, 16)  # of 2026-01-31 12:30:59
UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
TOLD_LAG_SECONDS = 2.0

# Options that are no filters, and those that the API has other names for.
NO_FILTERS = {
    *("sort", "counts", "cursor", "limit", "output", "as_json"),
    *("min_cost_usd", "max_cost_usd", "min_steps", "max_steps", "meta", "waiting"),
}

Filter = str | None
Moment = Annotated[Filter, typer.Option(help="A UTC time, or how long ago: 90m, 2h, 7d")]


def add_to(app: typer.Typer) -> None:
    """Put the command below `interlock runs`."""
    app.command("list")(list_)


@ends_well
def list_(  # noqa: PLR0913, PLR0917 - one for each option
    search: Annotated[
        Filter, typer.Option(help='Words, "a phrase", or, -not; or how an id begins')
    ] = None,
    status: Annotated[Filter, typer.Option(help="Such as running, paused, failed")] = None,
    agent: Annotated[Filter, typer.Option(help="Runs of this agent")] = None,
    agent_version: Annotated[Filter, typer.Option(help="Of this version of their agent")] = None,
    customer: Annotated[Filter, typer.Option(help="Runs for this customer")] = None,
    feature: Annotated[Filter, typer.Option(help="Runs of this feature")] = None,
    user: Annotated[Filter, typer.Option(help="Runs for this user")] = None,
    tool: Annotated[Filter, typer.Option(help="That called this tool")] = None,
    model: Annotated[Filter, typer.Option(help="That used this provider/model")] = None,
    provider: Annotated[Filter, typer.Option(help="That used this provider")] = None,
    parent: Annotated[Filter, typer.Option(help="Called by this run, or judging it")] = None,
    root: Annotated[Filter, typer.Option(help="This run and all below it")] = None,
    kind: Annotated[Filter, typer.Option(help="child, fork, continued or shadow")] = None,
    rule: Annotated[Filter, typer.Option(help="That failed by this rule")] = None,
    meta: Annotated[list[str] | None, typer.Option(help="key=value; again for more")] = None,
    since: Moment = None,
    until: Moment = None,
    min_cost_usd: Annotated[float | None, typer.Option(min=0, help="Cost at least")] = None,
    max_cost_usd: Annotated[float | None, typer.Option(min=0, help="Cost at most")] = None,
    min_steps: Annotated[int | None, typer.Option(min=0, help="Steps at least")] = None,
    max_steps: Annotated[int | None, typer.Option(min=0, help="Steps at most")] = None,
    score_below: Annotated[float | None, typer.Option(help="Evaluated below it")] = None,
    waiting: Annotated[bool, typer.Option(help="People are asked in it")] = False,
    sort: Annotated[str, typer.Option(help="newest, oldest, dearest or longest")] = "newest",
    counts: Annotated[bool, typer.Option(help="Only how many of each status")] = False,
    cursor: Annotated[Filter, typer.Option(help="Of the page before")] = None,
    tenant: Annotated[Filter, typer.Option(help="Runs of this tenant")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most")] = 20,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """List runs, the newest first: those that all of the options fit."""
    asked = _asked(locals())
    client, wanted_json = connect(reading=True), wants_json(output, as_json=as_json)
    if counts:
        found, _ = client.page("/run-counts", **asked)
        show(found, _counted(found), as_json=wanted_json)
        return
    found, following = client.page("/runs", **asked, sort=sort, cursor=cursor, limit=limit)
    show(found, _listed(found), as_json=wanted_json)
    if not wanted_json:
        _tell_more(client, following)


def _asked(options: Mapping[str, Any]) -> dict[str, Any]:
    """The filters as the API calls them."""
    found = {name: value for name, value in options.items() if name not in NO_FILTERS}
    return {
        **found,
        "since": moment_of("--since", options["since"]),
        "until": moment_of("--until", options["until"]),
        "cost_at_least_micro_usd": _micro(options["min_cost_usd"]),
        "cost_at_most_micro_usd": _micro(options["max_cost_usd"]),
        "steps_at_least": options["min_steps"],
        "steps_at_most": options["max_steps"],
        "metadata": options["meta"] or None,
        "waits_for_review": options["waiting"] or None,
    }


def _listed(found: Sequence[Any]) -> Any:
    if not found:
        return "There are no such runs."
    columns = ("run", "status", "agent", "customer", "steps", "cost", "submitted", "why", "found")
    return table(*filled(columns, map(_row, found)), numbers="steps cost", whole=WHOLE)


def _row(one: Any) -> Sequence[object]:
    return (
        one["run_id"],
        status_text(one["status"]),
        one["agent"],
        one["customer"] or "-",
        one["steps"],
        usd(one["cost_micro_usd"]),
        moment(one["submitted_at"])[MONTH_TO_MINUTE],
        Text(" ".join(one["why"].split()), no_wrap=True, overflow="ellipsis"),
        _excerpt(one.get("excerpt")),
    )


def _excerpt(found: Any) -> Text:
    """The piece on one line, with what was searched for set off."""
    if found is None:
        return Text("")
    # One character for each, so that the places stay where they are.
    text = Text("".join(" " if one.isspace() else one for one in found["text"]), overflow="fold")
    for begin, end in found["places"]:
        text.stylize("bold yellow", begin, end)
    return text


def _counted(found: Any) -> Any:
    rows = [(status_text(status), runs) for status, runs in found["statuses"].items()]
    more = "" if found["whole"] else " or more: so many are counted"
    return table(("status", "runs"), [*rows, ("all", f"{found['counted']}{more}")], numbers="runs")


def _tell_more(client: Client, following: str | None) -> None:
    """Where the list goes on, and how late it is; beside the list, which may go into a pipe."""
    if following is not None:
        again = _without_cursor(sys.argv[1:])
        print(f"more: interlock {shlex.join(again)} --cursor {following}", file=sys.stderr)
    seconds = lag_seconds(client)
    if seconds > TOLD_LAG_SECONDS:
        print(f"lists are {seconds:.0f} s behind: interlock projections show", file=sys.stderr)


def lag_seconds(client: Client) -> float:
    """How late lists are; 0 where that cannot be told, for the list is what was asked for."""
    try:
        return float(client.get("/projections")["lag_seconds"])
    except CommandFailed:
        return 0.0


def _without_cursor(arguments: Sequence[str]) -> Sequence[str]:
    if "--cursor" not in arguments:
        return arguments
    place = arguments.index("--cursor")
    return [*arguments[:place], *arguments[place + 2 :]]


def _micro(amount_usd: float | None) -> int | None:
    return None if amount_usd is None else round(amount_usd * MICRO)


def moment_of(option: str, text: str | None) -> str | None:
    """A moment as the API takes it.

    Raises:
        BadParameter: it is neither a time nor a duration.
    """
    if text is None:
        return None
    if text[:-1].isdecimal() and text[-1] in UNITS:
        return (datetime.now(UTC) - int(text[:-1]) * UNITS[text[-1]]).isoformat()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{option} {text!r}: write 2026-01-31T12:30, or 2h") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).isoformat()
