"""`interlock keys`: API keys made, listed and revoked."""

from typing import Annotated, Any

import typer

from services.console.cli.client import connect
from services.console.cli.output import AsJson, Output, ends_well, moment, show, table, wants_json

app = typer.Typer(help="API keys: who may come in by HTTP.", no_args_is_help=True)

Reason = Annotated[str, typer.Option(help="Why, for the record")]


@app.command()
@ends_well
def create(
    principal: Annotated[str, typer.Argument(help="Which service: service:NAME")],
    role: Annotated[list[str], typer.Option(help="viewer or operator")],
    tenant: Annotated[list[str] | None, typer.Option(help="Only of these; else of all")] = None,
    days: Annotated[int | None, typer.Option(help="How long it lasts", min=1)] = None,
    reason: Reason = "",
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Make a key for a service. It is shown this once: what is kept is its digest."""
    body = {"principal": principal, "roles": role, "tenants": tenant or [], "reason": reason}
    made = connect().post("/keys", body if days is None else {**body, "days": days})
    _show_once(made, "key", as_json=wants_json(output, as_json=as_json))


@app.command()
@ends_well
def invite(
    principal: Annotated[str, typer.Argument(help="Whom")],
    role: Annotated[list[str], typer.Option(help="viewer, operator, approver, admin; or asked")],
    tenant: Annotated[list[str] | None, typer.Option(help="Only of these; else of all")] = None,
    days: Annotated[int | None, typer.Option(help="How long it lasts", min=1)] = None,
    reason: Reason = "",
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Invite a person. They make their own key: INTERLOCK_TOKEN=<it> interlock keys own."""
    body = {"principal": principal, "roles": role, "tenants": tenant or [], "reason": reason}
    made = connect().post("/keys/invitations", body if days is None else {**body, "days": days})
    _show_once(made, "invitation", as_json=wants_json(output, as_json=as_json))


@app.command()
@ends_well
def own(
    role: Annotated[list[str] | None, typer.Option(help="Only these of yours; else all")] = None,
    tenant: Annotated[list[str] | None, typer.Option(help="Only of these; else of yours")] = None,
    days: Annotated[int | None, typer.Option(help="How long it lasts", min=1)] = None,
    reason: Reason = "",
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Make a key of your own, by an invitation or by what you come in with."""
    body = {"roles": role or [], "tenants": tenant or [], "reason": reason}
    made = connect().post("/keys/own", body if days is None else {**body, "days": days})
    _show_once(made, "key", as_json=wants_json(output, as_json=as_json))


@app.command("list")
@ends_well
def list_(output: Output = "text", as_json: AsJson = False) -> None:
    """List keys, the newest first."""
    found = connect(reading=True).get("/keys")
    columns = ("key", "of", "roles", "tenants", "state", "expires", "by")
    rows = (
        (
            *(one["key_id"], one["principal"], ", ".join(one["roles"])),
            *(", ".join(one["tenants"]) or "all", one["state"]),
            *(moment(one["expires_at"]), one["created_by"]),
        )
        for one in found
    )
    text = table(columns, rows, whole="key") if found else "There are no keys."
    show(found, text, as_json=wants_json(output, as_json=as_json))


@app.command()
@ends_well
def revoke(
    key_id: Annotated[str, typer.Argument(help="Which key, as the list names it")],
    reason: Reason = "",
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """End a key for good."""
    ended = connect().post(f"/keys/{key_id}/revoke", {"reason": reason})
    show(ended, f"Key {key_id} is revoked.", as_json=wants_json(output, as_json=as_json))


def _show_once(made: dict[str, Any], what: str, *, as_json: bool) -> None:
    until = f"{what} {made['key_id']} of {made['principal']}, until {moment(made['expires_at'])}"
    typer.echo(f"It is shown this once: {until}", err=True)
    show(made, made["key"], as_json=as_json)
