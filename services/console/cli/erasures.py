"""`interlock runs archive|delete`, `interlock people forget`, `interlock erasures list|show`.

The observer does the work, and goes on with it if this command is stopped.
"""

import time
from typing import Annotated, Any

import typer

from services.console.cli.client import Client, connect
from services.console.cli.errors import CONFLICT, CommandFailed
from services.console.cli.output import (
    AsJson,
    Output,
    Tenant,
    ends_well,
    moment,
    show,
    table,
    wants_json,
)

erasures = typer.Typer(help="What was deleted, with the proof.", no_args_is_help=True)
people = typer.Typer(help="What is kept of people.", no_args_is_help=True)

RunId = Annotated[str, typer.Argument(help="The id of the run")]
Reason = Annotated[str, typer.Option(help="Why, for the record")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell what would be deleted")]
LOOK_SECONDS = 0.3
# Nobody works on it: the observer is away, or busy with others.
PATIENCE_SECONDS = 120.0
PROOFS = {
    "confirmed": "confirmed: the observer signed these runs and this evidence",
    "differs": "DIFFERS from what the observer signed: somebody changed these rows",
    "absent": "not found among the newest deeds: interlock audit list",
}
LISTED = 20  # runs that a person is shown before they say yes


def add_to(app: typer.Typer) -> None:
    """Put the commands beside the others of runs."""
    app.command()(archive)
    app.command()(delete)


@ends_well
def archive(
    run_id: RunId, tenant: Tenant = None, output: Output = "text", as_json: AsJson = False
) -> None:
    """Put a finished run into a file, and take its facts out of the log."""
    client = connect()
    asked = client.post(f"/runs/{run_id}/archive", {}, tenant=tenant)
    done = _awaited(client, asked)
    show(done, f"Run {run_id} is archived: {done['answer']}.", as_json=_json(output, as_json))


@ends_well
def delete(
    run_id: RunId,
    reason: Reason,
    *,
    yes: Yes = False,
    dry_run: DryRun = False,
    tenant: Tenant = None,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Delete a run for good: log, large bodies, files, lists; with runs that hold a copy of it."""
    body = {"reason": reason}
    _erase(
        f"/runs/{run_id}/delete",
        body,
        tenant,
        yes=yes,
        dry_run=dry_run,
        as_json=_json(output, as_json),
    )


@people.command()
@ends_well
def forget(
    tenant: Annotated[str, typer.Option(help="Of which tenant they are")],
    reason: Reason,
    *,
    customer: Annotated[str | None, typer.Option(help="As its tasks name it")] = None,
    user: Annotated[str | None, typer.Option(help="As tasks name them")] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Delete every run of a person for good, with runs that hold a copy of them."""
    whom = {"customer": customer, "user": user}
    body = {"tenant": tenant, "reason": reason, **{k: v for k, v in whom.items() if v is not None}}
    _erase("/people/forget", body, None, yes=yes, dry_run=dry_run, as_json=_json(output, as_json))


@erasures.command("list")
@ends_well
def list_(
    tenant: Annotated[str | None, typer.Option(help="Of one tenant")] = None,
    customer: Annotated[str | None, typer.Option(help="Who was forgotten")] = None,
    user: Annotated[str | None, typer.Option(help="As above")] = None,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """List what was deleted, the newest first."""
    found = connect(reading=True).get("/erasures", tenant=tenant, customer=customer, user=user)
    rows = [
        (
            *(one["number"], moment(one["asked_at"]), one["asked_by"], one["tenant"]),
            *(_what(one), one["state"], one["reason"]),
        )
        for one in found
    ]
    columns = ("number", "asked", "by", "tenant", "what", "state", "reason")
    show(found, table(columns, rows, "number"), as_json=_json(output, as_json))


@erasures.command("show")
@ends_well
def show_(
    number: Annotated[int, typer.Argument(help="The number of the erasure", min=1)],
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Show the proof: who, when and why, what there was, what is left, and what remains."""
    found = connect(reading=True).get(f"/erasures/{number}")
    show(found, _proof(found), as_json=_json(output, as_json))


def _erase(
    path: str,
    body: dict[str, Any],
    tenant: str | None,
    *,
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Look first, ask, and then do it."""
    client = connect()
    if dry_run or not yes:
        found = _awaited(client, client.post(path, {**body, "dry_run": True}, tenant=tenant))
        if dry_run:
            show(found, _listed(found), as_json=as_json)
            return
        typer.echo(_listed(found), err=True)
        typer.confirm("Delete for good?", abort=True, err=True)
    done = _awaited(client, client.post(path, body, tenant=tenant))
    show(done, _proof(done), as_json=as_json)


def _awaited(client: Client, order: Any) -> Any:
    """The order at its end.

    Raises:
        CommandFailed: it was refused, it failed, or nobody has worked on it for long.
    """
    number, ends_at = order["number"], time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends_at:
        found = client.get(f"/erasures/{number}")
        match found["state"]:
            case "done":
                return found
            case "refused":
                raise CommandFailed(f"Refused: {found['answer']}.", "nothing changed", CONFLICT)
            case "failed":
                raise CommandFailed(f"It failed: {found['answer']}.", "order it again")
        time.sleep(LOOK_SECONDS)
    raise CommandFailed(
        f"Order {number} is not done after {PATIENCE_SECONDS:.0f} s.",
        f"the observer goes on with it: interlock erasures show {number}",
    )


def _what(one: Any) -> str:
    if one["run_id"] is not None:
        return f"{one['kind']} {one['run_id']}"
    return f"{one['kind']} person {str(one['person_sha256'])[:12]}"


def _listed(found: Any) -> str:
    """What would go."""
    lines = [f"{_sentence(found['answer'])}:"]
    for run in found["runs"][:LISTED]:
        refusal = run["evidence"].get("refusal")
        lines.append(f"  {run['run_id']}{f'  NOT YET: {refusal}' if refusal else ''}")
    if len(found["runs"]) > LISTED:
        lines.append(f"  and {len(found['runs']) - LISTED} more")
    return "\n".join([*lines, "", *_remains(found)])


def _proof(found: Any) -> str:
    lines = [
        f"Erasure {found['number']}: {_what(found)} of tenant {found['tenant']}, {found['state']}",
        f"asked by {found['asked_by']} at {moment(found['asked_at'])}: {found['reason']}",
        f"ended {moment(found['ended_at'])}: {found['answer'] or '-'}",
    ]
    if found.get("proof"):
        lines.append(f"proof {PROOFS[found['proof']]}")
    for run in found["runs"]:
        lines += ["", *_run_lines(run)]
    return "\n".join([*lines, "", *_remains(found)])


def _run_lines(run: Any) -> list[str]:
    had, left = run["evidence"], run["evidence"].get("after")
    log, rows = had.get("log", {}), had.get("rows", {})
    kept = had.get("archive")
    sequences = f"{log.get('first_sequence')} to {log.get('last_sequence')}"
    lines = [
        f"{run['run_id']}  deleted {moment(run['erased_at'])}",
        f"  log      {log.get('subject')}: {log.get('facts')} facts, sequences {sequences}",
        f"  digest   {log.get('digest')}",
        f"  content  {len(had.get('content', []))} large bodies",
        f"  archive  {'none' if kept is None else kept['place'] + ', digest ' + kept['digest']}",
        "  rows     " + ", ".join(f"{count} {name}" for name, count in rows.items()),
    ]
    if left is not None:
        count = left["log"]["facts"]
        lines.append(f"  left     {count} in the log (tombstone: {run['tombstone'] or 'none'})")
    return lines


def _remains(found: Any) -> list[str]:
    return ["What a deletion does not reach:", *(f"  - {one}" for one in found["remains"])]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _json(output: str, as_json: bool) -> bool:
    return wants_json(output, as_json=as_json)
