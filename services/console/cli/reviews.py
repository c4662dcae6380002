"""`interlock reviews`: questions to people, and their answers."""

import json
from typing import Annotated, Any

import typer

from services.console.cli.client import connect
from services.console.cli.errors import CONFLICT, DENIED
from services.console.cli.output import (
    AsJson,
    Output,
    Tenant,
    ends_well,
    moment,
    show,
    status_text,
    table,
    wants_json,
)

app = typer.Typer(help="Questions to people, and their answers.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The review, <run>.<review>")]
Reason = Annotated[str, typer.Option(help="Why; a refusal is told to the model")]
Digest = Annotated[
    str | None, typer.Option("--sha256", help="Only if the arguments have this digest")
]
DENYING_RULES = ("wrong_role", "own_request")


@app.command("list")
@ends_well
def list_(
    every: Annotated[bool, typer.Option("--all", help="Decided ones too")] = False,
    tenant: Tenant = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most")] = 20,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """List open reviews, the newest first."""
    found = connect().get("/reviews", all=every, tenant=tenant, limit=limit)
    columns = ("review", "state", "tool", "arguments", "roles", "expires")
    rows = (
        (
            one["id"],
            status_text(one["state"]),
            one["tool"],
            one["arguments_json"],
            ", ".join(one["roles"]),
            moment(one["expires_at"]),
        )
        for one in found
    )
    text = (
        table(columns, rows, whole="review state roles") if found else "Nobody is asked anything."
    )
    show(found, text, as_json=wants_json(output, as_json=as_json))


@app.command("show")
@ends_well
def show_(
    name: Name, tenant: Tenant = None, output: Output = "text", as_json: AsJson = False
) -> None:
    """Show one review: what would happen, and why a person is asked."""
    found = connect().get(f"/reviews/{name}", tenant=tenant)
    show(found, _detail(found), as_json=wants_json(output, as_json=as_json))


@app.command()
@ends_well
def approve(
    name: Name,
    reason: Reason = "",
    sha256: Digest = None,
    tenant: Tenant = None,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Let the call run, with exactly these arguments."""
    _answer(name, "approve", reason, sha256, tenant, as_json=wants_json(output, as_json=as_json))


@app.command()
@ends_well
def reject(
    name: Name,
    reason: Reason = "",
    sha256: Digest = None,
    tenant: Tenant = None,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Refuse the call."""
    _answer(name, "reject", reason, sha256, tenant, as_json=wants_json(output, as_json=as_json))


def _answer(
    name: str, verb: str, reason: str, sha256: str | None, tenant: str | None, *, as_json: bool
) -> None:
    body = {"reason": reason, **({"arguments_sha256": sha256} if sha256 else {})}
    said = connect().post(f"/reviews/{name}/{verb}", body, tenant=tenant)
    show(said, f"{name}  {said['outcome']}  {said['reason']}".rstrip(), as_json=as_json)
    if said["outcome"].startswith("refused"):
        rule = said["outcome"].removeprefix("refused: ")
        raise typer.Exit(DENIED if rule in DENYING_RULES else CONFLICT)


def _detail(review: Any) -> Any:
    try:
        arguments = json.dumps(json.loads(review["arguments_json"]), indent=2, ensure_ascii=False)
    except ValueError:
        arguments = review["arguments_json"]
    rows: list[tuple[object, ...]] = [
        ("state", status_text(review["state"])),
        ("asks", "may it run?" if review["about"] == "call" else "did it happen?"),
        ("tool", review["tool"]),
        ("arguments", arguments),
        ("sha256", review["arguments_sha256"]),
        ("because", review["reason"]),
        ("roles", ", ".join(review["roles"])),
        ("expires", moment(review["expires_at"])),
    ]
    if review["decided_at"]:
        rows.append(("decided", f"{moment(review['decided_at'])} by {review['decided_by'] or '-'}"))
    return table((review["id"], ""), rows)
