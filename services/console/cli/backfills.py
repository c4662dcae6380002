"""`interlock schedules backfill`: the runs of times that have passed, the oldest first."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from services.console.cli.batch import OPEN
from services.console.cli.client import Client, connect
from services.console.cli.errors import FAILED
from services.console.cli.output import AsJson, Output, ends_well, show, wants_json
from services.console.cli.run_lists import moment_of

POLL_SECONDS = 1.0
REQUEST_RUNS = 100
SHOWN = 10
Outcome = dict[str, Any]


@ends_well
def backfill(  # noqa: PLR0913, PLR0917 - typer reads one option from each
    name: Annotated[str, typer.Argument(help="The schedule")],
    since: Annotated[str, typer.Option("--from", help="A UTC time, or how long ago: 2h, 7d")],
    until: Annotated[
        str | None, typer.Option("--to", help="Times before it; now if it is left out")
    ] = None,
    overlap: Annotated[
        str | None, typer.Option(help="wait, or allow; as the schedule has it if left out")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many runs to start, at most")] = 100,
    timeout_seconds: Annotated[
        float, typer.Option("--timeout", min=0, help="Longest wait for a run to end")
    ] = 900.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be")] = False,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Start the runs of times that have passed, the oldest first; those that are there are left.

    Unless they may overlap, each waits for the end of the one before. Said again, it goes on.
    """
    asked: Outcome = {
        "from": moment_of("--from", since),
        "to": moment_of("--to", until) or datetime.now(UTC).isoformat(),
        "dry_run": dry_run,
    }
    asked |= {} if overlap is None else {"overlap": overlap}
    client = connect()
    whole: Outcome = {"schedule": name, "times": None, "started": [], "there": []}
    waits_for = None
    for part in _parts(client, asked, whole, limit):
        waits_for = part["waits_for"]
        is_enough = len(whole["started"]) >= limit
        if (
            waits_for
            and not is_enough
            and not _ends(client, waits_for, part["tenant"], timeout_seconds)
        ):
            break
        waits_for = None
    whole |= {"left": whole["times"] - len(whole["started"]) - len(whole["there"])}
    whole |= {"waits_for": waits_for}
    show(whole, _told(whole, dry_run=dry_run), as_json=wants_json(output, as_json=as_json))
    if waits_for:
        raise typer.Exit(FAILED)


def _parts(client: Client, asked: Outcome, whole: Outcome, limit: int) -> Iterator[Outcome]:
    """Requests, each going on where the one before it ended; what they tell is put together."""
    goes_on: str | None = asked["from"]
    while goes_on is not None and len(whole["started"]) < limit:
        most = min(REQUEST_RUNS, limit - len(whole["started"]))
        path = f"/schedules/{whole['schedule']}/backfill"
        part = client.post(path, {**asked, "from": goes_on, "limit": most})
        if whole["times"] is None:
            whole["times"] = part["times"]
        known = {*whole["started"], *whole["there"]}
        for kind in ("started", "there"):
            whole[kind].extend(one for one in part[kind] if one not in known)
        yield part
        goes_on = part["next_from"]


def _ends(client: Client, run_id: str, tenant: str, timeout_seconds: float) -> bool:
    """Whether a run ends in time."""
    give_up = time.monotonic() + timeout_seconds
    while client.get(f"/runs/{run_id}", tenant=tenant)["status"] in OPEN:
        if time.monotonic() >= give_up:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _told(whole: Outcome, *, dry_run: bool) -> str:
    started, there = whole["started"], whole["there"]
    did = "would be started" if dry_run else "started"
    lines = [f"{whole['times']} times: {len(started)} {did}, {len(there)} were there"]
    lines += [f"  {run_id}" for run_id in started[:SHOWN]]
    if len(started) > SHOWN:
        lines.append(f"  and {len(started) - SHOWN} more; -o json has them all")
    if whole["left"]:
        waits = f" {whole['waits_for']} has not ended, and the next waits for it;" * bool(
            whole["waits_for"]
        )
        lines.append(f"{whole['left']} are left:{waits} say it again to go on")
    return "\n".join(lines)
