"""`interlock dlq`: what no service could use; have it handled again, or discard it."""

from typing import Annotated, Any

import typer

from services.console.cli.client import connect
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
from services.console.cli.redriving import (
    DISCARD,
    REDRIVE,
    Choice,
    handle_chosen,
    handle_numbers,
)

app = typer.Typer(help="What no service could use, and why.", no_args_is_help=True)

Numbers = Annotated[list[int] | None, typer.Argument(min=1, help="Their numbers in the list")]
Service = Annotated[str | None, typer.Option(help="Put aside by this service")]
Rule = Annotated[str | None, typer.Option(help="By this rule, such as handler_failed")]
InTenant = Annotated[str | None, typer.Option("--tenant", help="Of this tenant")]
OfRun = Annotated[str | None, typer.Option("--run-id", help="Of this run")]
Since = Annotated[str | None, typer.Option(help="Not older: 90s, 15m, 2h, 1d, or an ISO time")]
Rate = Annotated[float, typer.Option(min=0.1, max=1000, help="How many a second")]
AtMost = Annotated[int, typer.Option("--limit", min=1, help="How many at most")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell what would be")]
Sure = Annotated[bool, typer.Option("--yes", help="Do not ask before many")]
WHOLE = "number when service rule state"


@app.command("list")
@ends_well
def list_(  # noqa: PLR0913, PLR0917 - typer reads one option from each
    by: Annotated[
        str | None, typer.Option(help="Count them by rule, service, tenant, run_id or type")
    ] = None,
    state: Annotated[str, typer.Option(help="open, redriven, discarded, or all")] = "open",
    service: Service = None,
    rule: Rule = None,
    tenant: InTenant = None,
    run_id: OfRun = None,
    since: Since = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most")] = 20,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """List dead letters, the newest first; or how many there are of each kind."""
    query = Choice(service, rule, tenant, run_id, since).query() | {"state": state}
    wanted_json = wants_json(output, as_json=as_json)
    if by is not None:
        groups: Any = connect().get("/dead-letters/groups", by=by, **query)
        show(groups, _groups(by, groups), as_json=wanted_json)
        return
    found: Any = connect().get("/dead-letters", limit=limit, **query)
    show(found, _lines(found), as_json=wanted_json)


@app.command("show")
@ends_well
def show_(
    number: Annotated[int, typer.Argument(help="Its number in the list")],
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Show one dead letter, its headers and its body."""
    found: Any = connect().get(f"/dead-letters/{number}")
    rows = [(name, found[name]) for name in ("subject", "service", "rule", "reason", "state")]
    if found["decided_by"]:
        rows.append(("decided", f"{moment(found['decided_at'])} by {found['decided_by']}"))
        rows.append(("because", found["decision"]))
    rows.extend((name, value) for name, value in found["headers"].items())
    rows.append((f"body, {found['body_bytes']} bytes", found["body_text"]))
    text = table((f"dead letter {number}", ""), rows)
    show(found, text, as_json=wants_json(output, as_json=as_json))


@app.command()
@ends_well
def redrive(  # noqa: PLR0913, PLR0917 - as above
    numbers: Numbers = None,
    service: Service = None,
    rule: Rule = None,
    tenant: InTenant = None,
    run_id: OfRun = None,
    since: Since = None,
    rate: Rate = 10.0,
    limit: AtMost = 100,
    reason: Annotated[str, typer.Option(help="Why, for the record")] = "",
    dry_run: DryRun = False,
    yes: Sure = False,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Have dead letters handled again, by number or all that fit; each by the service it failed."""
    choice = Choice(service, rule, tenant, run_id, since)
    wanted_json = wants_json(output, as_json=as_json)
    _check_meant(numbers, choice)
    if numbers:
        handle_numbers(REDRIVE, numbers, reason, dry_run=dry_run, as_json=wanted_json)
    else:
        how = {"dry_run": dry_run, "sure": yes, "as_json": wanted_json}
        handle_chosen(REDRIVE, choice, rate, limit, reason, **how)


@app.command()
@ends_well
def discard(  # noqa: PLR0913, PLR0917 - as above
    reason: Annotated[str, typer.Option(help="Why, for the record")],
    numbers: Numbers = None,
    service: Service = None,
    rule: Rule = None,
    tenant: InTenant = None,
    run_id: OfRun = None,
    since: Since = None,
    rate: Rate = 10.0,
    limit: AtMost = 100,
    dry_run: DryRun = False,
    yes: Sure = False,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Let nobody handle these again, by number or all that fit; they are kept, with the reason."""
    choice = Choice(service, rule, tenant, run_id, since)
    wanted_json = wants_json(output, as_json=as_json)
    _check_meant(numbers, choice)
    if numbers:
        handle_numbers(DISCARD, numbers, reason, dry_run=dry_run, as_json=wanted_json)
    else:
        how = {"dry_run": dry_run, "sure": yes, "as_json": wanted_json}
        handle_chosen(DISCARD, choice, rate, limit, reason, **how)


def _check_meant(numbers: list[int] | None, choice: Choice) -> None:
    if bool(numbers) == bool(choice.query()):
        raise typer.BadParameter("give numbers, or say which: --service, --rule, --run-id, ...")


def _lines(found: Any) -> Any:
    if not found:
        return "There are no dead letters."
    columns = ("number", "when", "state", "service", "rule", "subject", "reason")
    rows = (
        (
            one["number"],
            moment(one["stored_at"]),
            status_text("" if one["state"] == "open" else one["state"]),
            *(one[name] for name in ("service", "rule", "subject", "reason")),
        )
        for one in found
    )
    return table(*filled(columns, rows), numbers="number", whole=WHOLE)


def _groups(by: str, groups: Any) -> Any:
    if not groups:
        return "There are no dead letters."
    rows = (
        (
            one["value"] or "-",
            one["letters"],
            moment(one["oldest_at"]),
            moment(one["newest_at"]),
        )
        for one in groups
    )
    return table((by, "letters", "oldest", "newest"), rows, numbers="letters", whole=by)
