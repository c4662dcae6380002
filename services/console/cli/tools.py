"""`interlock tools`: what the tools may do, which are in quarantine, and orders about them."""

import json
from typing import Annotated, Any

import typer

from services.console.cli.client import Client, connect
from services.console.cli.errors import NOT_FOUND, USAGE, CommandFailed
from services.console.cli.output import AsJson, Output, ends_well, show, table, wants_json

app = typer.Typer(help="Tools, and whether their calls may start", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="TOOL")]
Reason = Annotated[str, typer.Option(help="Why, for the record")]
COLUMNS = ("tool", "of", "effect", "returns", "USD a call", "state", "why")
PIN_SHOWN = 12


@app.command("list")
@ends_well
def list_tools(output: Output = "text", as_json: AsJson = False) -> None:
    """List the tools: as they were pinned, in quarantine, released from it, or stopped."""
    found = connect().get("/tools")
    rows = (
        (
            one["name"],
            one["declared_in"],
            one["effect"],
            one["output_trust"],
            one["price_usd"],
            one["state"],
            one["reason"],
        )
        for one in found
    )
    text = table(COLUMNS, rows, whole="tool state") if found else "There are no tools."
    show(found, text, as_json=wants_json(output, as_json=as_json))


@app.command("show")
@ends_well
def show_tool(tool: Name, output: Output = "text", as_json: AsJson = False) -> None:
    """Show one tool: what the model reads of it, what it may do, and what it is held to."""
    found = connect().get(f"/tools/{tool}")
    show(found, _detail(found), as_json=wants_json(output, as_json=as_json))


@app.command()
@ends_well
def release(
    tool: Name,
    pin: Annotated[str, typer.Option(help="Of what you looked at: its first digits do")] = "",
    reason: Reason = "",
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Let a tool out of quarantine, as it is now. What it may become later stays in."""
    client = connect()
    found = _tool(client, tool)
    own: str = found["pin_sha256"]
    if len(pin) < PIN_SHOWN or not own.startswith(pin):
        raise CommandFailed(
            f"{found['reason'] or tool + ' is ' + found['state']}. The model would read: "
            f"{found['description']!r}",
            f"if it may: interlock tools release {tool} --pin {own[:PIN_SHOWN]}",
            USAGE,
        )
    body = {"scope": "tool", "name": tool, "state": "running", "reason": reason, "pin_sha256": own}
    answer = client.post("/control", body)
    show(answer, f"tool {tool}  released", as_json=wants_json(output, as_json=as_json))


@app.command()
@ends_well
def stop(tool: Name, reason: Reason = "", output: Output = "text", as_json: AsJson = False) -> None:
    """Start no call of a tool any more, in no run, until `resume`. What has begun finishes."""
    if not reason:
        raise CommandFailed("A stop needs a reason.", "say it: --reason TEXT", USAGE)
    answer = _order(tool, "stopped", reason)
    show(answer, f"tool {tool}  stopped", as_json=wants_json(output, as_json=as_json))


@app.command()
@ends_well
def resume(
    tool: Name, reason: Reason = "", output: Output = "text", as_json: AsJson = False
) -> None:
    """Lift the stop of a tool. Out of quarantine it comes by `release` alone."""
    answer = _order(tool, "running", reason)
    show(answer, f"tool {tool}  may run", as_json=wants_json(output, as_json=as_json))


def _detail(found: dict[str, Any]) -> str:
    manifest = found["manifest"]
    facts = {
        "state": f"{found['state']}  {found['reason']}".rstrip(),
        "pin": found["pin_sha256"],
        "declared in": found["declared_in"],
        "effect": manifest["effect"] + ("  idempotent" if manifest["idempotent"] else ""),
        "returns": manifest["output_trust"],
        "sandbox": manifest["sandbox"],
        "time limit": f"{manifest['timeout_seconds']:g} s",
        "output limit": f"{manifest['output_limit_bytes']} bytes",
        "price": f"{manifest['price_usd']} USD a call",
        "scopes": ", ".join(manifest["scopes"]),
        "sinks": _pairs(manifest["sinks"]),
        "payload": ", ".join(manifest["payload"]),
        "fields": _pairs(manifest["fields"]),
        "readers": "anybody" if manifest["readers"] is None else ", ".join(manifest["readers"]),
    }
    lines = [f"{name:<13}{value}" for name, value in facts.items() if value]
    schema = json.dumps(manifest["parameters"], indent=2, ensure_ascii=False)
    return "\n".join((found["name"], *lines, "", manifest["description"], "", schema))


def _pairs(found: dict[str, str]) -> str:
    return ", ".join(f"{name} ({kind})" for name, kind in found.items())


def _order(tool: str, state: str, reason: str) -> Any:
    body = {"scope": "tool", "name": tool, "state": state, "reason": reason}
    return connect().post("/control", body)


def _tool(client: Client, name: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = client.get("/tools")
    known = {one["name"]: one for one in found}
    if name not in known:
        raise CommandFailed(f"there is no tool {name}", f"known are {', '.join(known)}", NOT_FOUND)
    return known[name]
