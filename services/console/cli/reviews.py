"""`interlock reviews`: questions to people, and their answers."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from services.console.cli.arguments import edited
from services.console.cli.client import connect
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
from services.console.cli.splits import show_splits, told_splits

app = typer.Typer(help="Questions to people, and their answers.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The review, <run>.<review>")]
Reason = Annotated[str, typer.Option(help="Why; a refusal is told to the model")]
Digest = Annotated[
    str | None,
    typer.Option("--sha256", help="Only if the arguments, or an edit of them, have this digest"),
]
As = Annotated[
    str | None, typer.Option("--as", help="Answer as this one of the people of this machine")
]
Whole = Annotated[
    str | None, typer.Option("--arguments", help="All arguments that are to run, a JSON object")
]
Sets = Annotated[
    list[str] | None, typer.Option("--set", help="One of them, name=JSON; may be given often")
]


@app.command("list")
@ends_well
def list_(
    every: Annotated[bool, typer.Option("--all", help="Decided ones too")] = False,
    split: Annotated[
        bool, typer.Option("--split", help="Runs instead that juries could not agree on")
    ] = False,
    tenant: Tenant = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most")] = 20,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """List open reviews, the newest first, and how many runs juries leave to people."""
    is_json, client = wants_json(output, as_json=as_json), connect()
    if split:
        show_splits(client, tenant, limit, as_json=is_json)
        return
    found = client.get("/reviews", all=every, tenant=tenant, limit=limit)
    columns = ("review", "state", "tool", "arguments", "roles", "expires")
    rows = (
        (
            one["id"],
            status_text(one["state"]),
            one["tool"],
            one["arguments_json"],
            ", ".join(one["roles"]),
            moment(one["expires_at"]) if one["about"] == "call" else "never",
        )
        for one in found
    )
    text = (
        table(columns, rows, whole="review state roles") if found else "Nobody is asked anything."
    )
    show(found, text, as_json=is_json)
    if not is_json:
        typer.echo(told_splits(client, tenant))


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
    as_: As = None,
    tenant: Tenant = None,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Let the call run, with exactly these arguments."""
    _answer(
        name, "approve", reason, sha256, as_, tenant, as_json=wants_json(output, as_json=as_json)
    )


@app.command()
@ends_well
def reject(
    name: Name,
    reason: Reason = "",
    sha256: Digest = None,
    as_: As = None,
    tenant: Tenant = None,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Refuse the call."""
    _answer(
        name, "reject", reason, sha256, as_, tenant, as_json=wants_json(output, as_json=as_json)
    )


@app.command()
@ends_well
def edit(  # noqa: PLR0913, PLR0917 - each is an option of the command
    name: Name,
    arguments: Whole = None,
    sets: Sets = None,
    reason: Reason = "",
    sha256: Digest = None,
    as_: As = None,
    tenant: Tenant = None,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Let the call run with other arguments: --arguments, --set, or your $EDITOR."""
    found = connect().get(f"/reviews/{name}", tenant=tenant)
    more = {"arguments": edited(found["arguments_json"], arguments, sets or [])}
    # Bound to what was looked at, which may be another thing by now.
    seen = sha256 or found["arguments_sha256"]
    as_json = wants_json(output, as_json=as_json)
    _answer(name, "edit", reason, seen, as_, tenant, as_json=as_json, more=more)


@app.command()
@ends_well
def respond(
    name: Name,
    response: Annotated[str, typer.Argument(help="What the model is told in place of a result")],
    reason: Reason = "",
    sha256: Digest = None,
    as_: As = None,
    tenant: Tenant = None,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Answer the model yourself; the call does not run."""
    as_json = wants_json(output, as_json=as_json)
    more = {"response": response}
    _answer(name, "respond", reason, sha256, as_, tenant, as_json=as_json, more=more)


def _answer(
    name: str,
    verb: str,
    reason: str,
    sha256: str | None,
    as_: str | None,
    tenant: str | None,
    *,
    as_json: bool,
    more: Mapping[str, object] | None = None,
) -> None:
    """The one way of every answer; a refusal raises, and exits with its code."""
    body = {"reason": reason, **({"arguments_sha256": sha256} if sha256 else {}), **(more or {})}
    said = connect(principal=as_).post(f"/reviews/{name}/{verb}", body, tenant=tenant)
    show(said, f"{name}  {said['outcome']}  {said['reason']}".rstrip(), as_json=as_json)


def _detail(review: Any) -> Any:
    rows: list[tuple[object, ...]] = [
        ("state", status_text(review["state"])),
        ("asks", "may it run?" if review["about"] == "call" else "did it happen?"),
        ("tool", review["tool"]),
        ("arguments", _pretty(review["arguments_json"])),
        ("sha256", review["arguments_sha256"]),
        ("because", review["reason"]),
        ("asked by", review["requester"] or "-"),
        ("roles", ", ".join(review["roles"])),
        ("agree", f"{review['agreed']} of {review['quorum']}"),
        ("expires", _expiry(review)),
    ]
    rows += [("then asks", _ladder_step(step)) for step in review["ladder"]]
    rows += [("answer", _said(answer)) for answer in review["answers"]]
    if review["decided_at"]:
        rows.append(("decided", f"{moment(review['decided_at'])} by {review['decided_by'] or '-'}"))
    if review["edited_json"]:
        rows.append(("edited to", _pretty(review["edited_json"])))
    if review["response"]:
        rows.append(("response", review["response"]))
    return table((review["id"], ""), rows)


def _expiry(review: Any) -> str:
    due = moment(review["expires_at"])
    if review["about"] == "outcome":
        return f"never: silence does not tell what happened; an answer is due by {due}"
    return f"{due}, then {review['default']}"


def _ladder_step(step: Any) -> str:
    mark = " (asked)" if step["asked"] else ""
    return f"{', '.join(step['roles'])} at {moment(step['at'])}{mark}"


def _said(answer: Any) -> str:
    why = f": {answer['reason']}" if answer["reason"] else ""
    became = answer["refused"] or answer["standing"]
    told = f"{answer['principal']} says {answer['decision']}{why} [{became}]"
    if answer["arguments_json"]:
        told += f"\n{answer['arguments_json']}\nsha256 {answer['wanted_sha256']}"
    return told


def _pretty(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text
