"""Many dead letters from a terminal: the count first, then small requests, with a bar."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import typer
from rich.console import Console
from rich.progress import Progress

from contracts.shape import parse_duration
from services.console.cli.client import Client, connect
from services.console.cli.errors import CONFLICT, FAILED, USAGE, CommandFailed
from services.console.cli.output import show

# So that the bar moves, and no request takes long.
REQUEST_SECONDS = 2.0
REQUEST_LETTERS = 500
SKIPS_SHOWN = 10
Outcome = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Act:
    """What is done with letters: as the API calls it, as it is told, and as it goes on."""

    name: str
    done: str
    doing: str


REDRIVE = Act("redrive", "redriven", "redriving")
DISCARD = Act("discard", "discarded", "discarding")


@dataclass(frozen=True, slots=True)
class Choice:
    """Which letters are meant."""

    service: str | None
    rule: str | None
    tenant: str | None
    run_id: str | None
    since: str | None

    def query(self) -> dict[str, str]:
        """What was said, as the API takes it."""
        said = {
            "service": self.service,
            "rule": self.rule,
            "tenant": self.tenant,
            "run_id": self.run_id,
            "since": None if self.since is None else _moment(self.since),
        }
        return {name: value for name, value in said.items() if value is not None}


def handle_numbers(
    act: Act, numbers: list[int], reason: str, *, dry_run: bool, as_json: bool
) -> None:
    """Each by itself; those that can be are handled, and the first refusal is the exit code."""
    client, refused = connect(), 0
    outcome = _nothing_yet(act, len(numbers))
    for number in numbers:
        try:
            if dry_run:
                _look(client, act, number, reason)
            else:
                client.post(f"/dead-letters/{number}/{act.name}", {"reason": reason})
            outcome[act.done].append(number)
        except CommandFailed as error:
            refused = refused or error.exit_code
            kind = "skipped" if error.exit_code == CONFLICT else "failed"
            outcome[kind].append({"number": number, "why": error.what})
    show(outcome, _told(act, outcome, dry_run=dry_run), as_json=as_json)
    if refused:
        raise typer.Exit(refused)


def handle_chosen(
    act: Act,
    choice: Choice,
    rate: float,
    limit: int,
    reason: str,
    *,
    dry_run: bool,
    sure: bool,
    as_json: bool,
) -> None:
    """Tell how many fit; then, if that is meant, handle them."""
    client, asked = connect(), {**choice.query(), "reason": reason}
    first = {**asked, "limit": min(limit, REQUEST_LETTERS), "dry_run": True}
    would = client.post(f"/dead-letters/{act.name}", first)
    count = min(limit, would["matched"])
    if dry_run or not count:
        show(would, _told(act, would, dry_run=True), as_json=as_json)
        return
    _make_sure(act, count, would["matched"], rate, sure=sure)
    outcome = _handle(act, client, {**asked, "rate": rate}, count)
    show(outcome, _told(act, outcome, dry_run=False), as_json=as_json)
    if outcome["failed"]:
        raise typer.Exit(FAILED)


def _look(client: Client, act: Act, number: int, reason: str) -> None:
    """Ask what would become of one letter.

    Raises:
        CommandFailed: there is none, it was decided upon, or it cannot be; says which.
    """
    client.get(f"/dead-letters/{number}")
    only = {"state": "all", "after": number - 1, "limit": 1, "reason": reason, "dry_run": True}
    would = client.post(f"/dead-letters/{act.name}", only)
    for kind, exit_code in (("skipped", CONFLICT), ("failed", FAILED)):
        for one in would[kind]:
            raise CommandFailed(one["why"], "look at it: interlock dlq show", exit_code)


def _nothing_yet(act: Act, count: int) -> Outcome:
    return {"matched": count, act.done: [], "skipped": [], "failed": []}


def _make_sure(act: Act, count: int, matched: int, rate: float, *, sure: bool) -> None:
    if sure:
        return
    verb = act.name.capitalize()
    asked = f"{matched} dead letters fit. {verb} {count} of them, {rate:g} a second?"
    if not sys.stdin.isatty():
        raise CommandFailed(asked, "say --yes, or look first: --dry-run", USAGE)
    if not typer.confirm(asked, err=True):
        raise typer.Exit(FAILED)


def _handle(act: Act, client: Client, asked: dict[str, Any], count: int) -> Outcome:
    whole = _nothing_yet(act, count)
    terminal = Console(stderr=True)
    with Progress(console=terminal, disable=not terminal.is_terminal) as bar:
        task = bar.add_task(act.doing, total=count)
        for part in _parts(act, client, asked, count):
            for name in (act.done, "skipped", "failed"):
                whole[name].extend(part[name])
                bar.advance(task, len(part[name]))
    return whole


def _parts(act: Act, client: Client, asked: dict[str, Any], left: int) -> Iterator[Outcome]:
    """Small requests, each going on after the last letter of the one before."""
    size, after = max(1, min(REQUEST_LETTERS, int(asked["rate"] * REQUEST_SECONDS))), 0
    while left > 0:
        body = {**asked, "limit": min(size, left), "after": after}
        part = client.post(f"/dead-letters/{act.name}", body)
        looked_at = sum(len(part[name]) for name in (act.done, "skipped", "failed"))
        if not looked_at:
            return
        yield part
        left, after = left - looked_at, part["after"]


def _told(act: Act, outcome: Outcome, *, dry_run: bool) -> str:
    would = f"would be {act.done}" if dry_run else act.done
    done, skipped, failed = (len(outcome[name]) for name in (act.done, "skipped", "failed"))
    lines = [f"{done} {would}, {skipped} skipped, {failed} failed"]
    left = [*outcome["skipped"], *outcome["failed"]]
    lines += [f"  {one['number']}  {one['why']}" for one in left[:SKIPS_SHOWN]]
    if len(left) > SKIPS_SHOWN:
        lines.append(f"  and {len(left) - SKIPS_SHOWN} more; -o json has them all")
    return "\n".join(lines)


def _moment(since: str) -> str:
    """A duration back from now, or the time itself."""
    seconds = parse_duration(since)
    if isinstance(seconds, int):
        return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()
    try:
        found = datetime.fromisoformat(since)
    except ValueError:
        raise typer.BadParameter(
            f"--since {since!r}: write 90s, 15m, 2h, 1d, or 2026-01-31T12:00:00Z"
        ) from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).isoformat()
