"""One thing asked of many runs from a terminal: the count first, then requests with a bar."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from services.console.cli.client import Client, connect
from services.console.cli.errors import FAILED, USAGE, CommandFailed
from services.console.cli.output import show
from services.console.cli.run_lists import moment_of

# So that the bar moves, and no request takes long.
REQUEST_SECONDS = 2.0
REQUEST_RUNS = 500
LEFT_SHOWN = 10
RATE, AT_MOST = 10.0, 100
Outcome = dict[str, Any]
KINDS = ("asked", "ended", "skipped", "failed")
SCOPES = frozenset({"agent", "tenant"})

Filter = str | None
Status = Annotated[Filter, typer.Option(help="submitted, queued, running, paused or waiting")]
Customer = Annotated[Filter, typer.Option(help="Runs for this customer")]
Feature = Annotated[Filter, typer.Option(help="Runs of this feature")]
User = Annotated[Filter, typer.Option(help="Runs for this user")]
Tool = Annotated[Filter, typer.Option(help="That called this tool")]
Model = Annotated[Filter, typer.Option(help="That used this provider/model")]
Root = Annotated[Filter, typer.Option(help="This run and all below it")]
Meta = Annotated[list[str] | None, typer.Option(help="key=value; again for more")]
OlderThan = Annotated[Filter, typer.Option(help="Submitted before: 90m, 2h, 7d ago, or a UTC time")]
Since = Annotated[Filter, typer.Option(help="Submitted since: 90m, 2h, 7d ago, or a UTC time")]
Rate = Annotated[float, typer.Option(min=0.1, max=1000, help="How many a second")]
AtMost = Annotated[int, typer.Option("--limit", min=1, help="How many to look at, at most")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell what would be")]
Sure = Annotated[bool, typer.Option("--yes", help="Do not ask before many")]

BY_NAME = ("agent", "tenant", "status", "customer", "feature", "user", "tool", "model", "root")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs are meant, how fast they are asked, and why."""

    filter: Mapping[str, Any]
    rate: float
    limit: int
    reason: str
    dry_run: bool
    sure: bool

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "Wanted":
        """What was said on the command line."""
        found = {name: options[name] for name in BY_NAME}
        found |= {
            "metadata": options["meta"] or None,
            "since": moment_of("--since", options["since"]),
            "until": moment_of("--older-than", options["older_than"]),
        }
        return cls(
            filter={name: value for name, value in found.items() if value is not None},
            rate=options["rate"],
            limit=options["limit"],
            reason=options["reason"],
            dry_run=options["dry_run"],
            sure=options["yes"],
        )

    @property
    def is_more_than_a_scope(self) -> bool:
        """Whether runs are named one by one, and not all of an agent or a tenant."""
        return not set(self.filter) <= SCOPES


def ask_many(verb: str, wanted: Wanted, *, as_json: bool) -> None:
    """Tell how many fit; then, if that is meant, ask them.

    Raises:
        CommandFailed: it is not sure that they are meant, or why.
    """
    if verb == "cancel" and not wanted.reason:
        raise CommandFailed("To cancel many needs a reason.", "say it: --reason TEXT", USAGE)
    client = connect()
    if wanted.dry_run:
        outcome = _ask(client, verb, wanted, wanted.limit)
        show(outcome, _told(verb, outcome, dry_run=True), as_json=as_json)
        return
    first = client.post(f"/runs/{verb}", {**_body(wanted), "limit": 1, "dry_run": True})
    count = min(wanted.limit, first["matched"])
    _make_sure(verb, count, first, wanted)
    outcome = _ask(client, verb, wanted, count)
    show(outcome, _told(verb, outcome, dry_run=False), as_json=as_json)
    if outcome["failed"]:
        raise typer.Exit(FAILED)


def _make_sure(verb: str, count: int, first: Outcome, wanted: Wanted) -> None:
    if wanted.sure or not count:
        return
    fit = f"{first['matched']} runs fit" if first["whole"] else f"Over {first['matched']} runs fit"
    asked = f"{fit}. {verb.capitalize()} {count} of them, {wanted.rate:g} a second?"
    if not sys.stdin.isatty():
        raise CommandFailed(asked, "say --yes, or look first: --dry-run", USAGE)
    if not typer.confirm(asked, err=True):
        raise typer.Exit(FAILED)


def _ask(client: Client, verb: str, wanted: Wanted, count: int) -> Outcome:
    whole: Outcome = {"matched": 0, "whole": True} | {kind: [] for kind in KINDS} | {"after": 0}
    terminal = Console(stderr=True)
    with Progress(console=terminal, disable=not terminal.is_terminal) as bar:
        task = bar.add_task(verb, total=count)
        for number, part in enumerate(_parts(client, verb, wanted, count)):
            if number == 0:
                whole |= {"matched": part["matched"], "whole": part["whole"]}
            whole["after"] = part["after"]
            for kind in KINDS:
                whole[kind].extend(part[kind])
                bar.advance(task, len(part[kind]))
    return whole


def _parts(client: Client, verb: str, wanted: Wanted, left: int) -> Iterator[Outcome]:
    """Small requests, each going on after the last run of the one before."""
    paced = REQUEST_RUNS if wanted.dry_run else int(wanted.rate * REQUEST_SECONDS)
    size, after = max(1, min(REQUEST_RUNS, paced)), 0
    while left > 0:
        body = {**_body(wanted), "limit": min(size, left), "after": after}
        part = client.post(f"/runs/{verb}", body)
        yield part
        looked_at = sum(len(part[kind]) for kind in KINDS)
        if looked_at < min(size, left):
            return
        left, after = left - looked_at, part["after"]


def _body(wanted: Wanted) -> dict[str, Any]:
    how = {"rate": wanted.rate, "dry_run": wanted.dry_run, "reason": wanted.reason}
    return {**wanted.filter, **how}


def _told(verb: str, outcome: Outcome, *, dry_run: bool) -> str:
    asked, ended, skipped, failed = (len(outcome[kind]) for kind in KINDS)
    to = {"cancel": "to end", "pause": "to stand still", "resume": "to go on"}[verb]
    fit = f"{outcome['matched']} fit" if outcome["whole"] else f"over {outcome['matched']} fit"
    would = "would be asked" if dry_run else "asked"
    lines = [f"{fit}: {asked} {would} {to}, {ended} had ended, {skipped} skipped, {failed} failed"]
    left = [*outcome["skipped"], *outcome["failed"]]
    lines += [f"  {one['run_id']}  {one['why']}" for one in left[:LEFT_SHOWN]]
    if len(left) > LEFT_SHOWN:
        lines.append(f"  and {len(left) - LEFT_SHOWN} more; -o json has them all")
    if outcome["whole"] and outcome["matched"] > asked + ended + skipped + failed:
        lines.append("others fit as well: say it again, or with a higher --limit")
    return "\n".join(lines)
