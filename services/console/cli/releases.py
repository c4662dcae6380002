"""`interlock agents` once more: which version each label of an agent stands for.

interlock agents promote NAME FILE --to canary --share 10 --gate EXPERIMENT-FOLDER
interlock agents approve NAME          the second person, for production
interlock agents rollback NAME --reason TEXT
"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console, Group
from rich.text import Text

from contracts.agent import Agent
from contracts.release import GateRecord
from services.console.cli.client import Client, connect
from services.console.cli.errors import CONFLICT, NOT_FOUND, USAGE, CommandFailed
from services.console.cli.gate_lines import gate_lines
from services.console.cli.output import (
    AsJson,
    Output,
    ends_well,
    moment,
    show,
    table,
    wants_json,
)

GATE_FILE = "gate.json"
GATE_LIMIT_BYTES = 1 << 20
# Every trial of both sides is read: 5,000 of each, at 1 to 2 ms, and ten times that under load.
GATE_SECONDS = 200.0
COLUMNS = ("agent", "label", "version", "share", "since", "by", "gate")
NONE_YET = (
    "No label stands for a version yet: every agent is as the platform is configured.\n"
    "Roll one out: interlock agents promote NAME FILE --to canary --share 10 --gate FOLDER"
)

Name = Annotated[str, typer.Argument(help="Name of the agent")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask")]
As = Annotated[str | None, typer.Option("--as", help="One of the people of this machine")]


def add_to(app: typer.Typer) -> None:
    """Put the commands beside those that only look."""
    for command in (promote, labels, approve, refuse, rollback, end):
        app.command()(command)


@ends_well
def promote(  # noqa: PLR0913, PLR0917 - typer reads one option from each
    name: Name,
    file: Annotated[Path | None, typer.Argument(help="Its YAML; else --from")] = None,
    to: Annotated[str, typer.Option(help="staging, canary or production")] = "canary",
    source: Annotated[
        str | None, typer.Option("--from", help="staging or canary: what that label stands for")
    ] = None,
    gate: Annotated[
        Path | None, typer.Option(help="gate.json of an experiment, or its folder")
    ] = None,
    share: Annotated[int | None, typer.Option(min=1, max=99, help="Per cent, of a canary")] = None,
    sticky: Annotated[str, typer.Option(help="Who stays with it: run, customer or tenant")] = (
        "customer"
    ),
    quality_margin: Annotated[
        float | None, typer.Option(help="Drop of a canary's pass rate allowed: 0.02 is 2 points")
    ] = None,
    cost_margin: Annotated[
        float | None, typer.Option(help="What its runs may cost more: 0.2 is a fifth")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why, for the record")] = "",
    yes: Yes = False,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Let a label stand for a version. Production then waits for a second person."""
    rules = _rules(to, quality_margin=quality_margin, cost_margin=cost_margin)
    client = connect()
    after, record = _promoted(client, name, file, source, gate)
    body = {
        "label": to,
        "definition": after.model_dump(mode="json"),
        "gate": record,
        "share_percent": share,
        "sticky": sticky,
        "reason": reason,
        **rules,
    }
    if not yes:
        Console(stderr=True, markup=False).print(_change(client, name, after), gate_lines(record))
        typer.confirm(f"Let {to} stand for {after.version}?", abort=True, err=True)
    found = client.post(f"/agents/{name}/releases", body, timeout_seconds=GATE_SECONDS)
    done = f"{name}  {to} is {after.version}"
    if to == "production":
        done = f"{name}  waits for a second person: interlock agents approve {name}"
    show(found, done, as_json=wants_json(output, as_json=as_json))


@ends_well
def labels(
    name: Annotated[str | None, typer.Argument(help="Name of the agent; else all")] = None,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Show what each label stands for, since when, and by whom."""
    client = connect()
    names = [name] if name is not None else [one["name"] for one in client.get("/agents")]
    found = [client.get(f"/agents/{one}/releases") for one in names]
    show(found, _labels(found, alone=name is not None), as_json=wants_json(output, as_json=as_json))


@ends_well
def approve(
    name: Name, as_: As = None, yes: Yes = False, output: Output = "text", as_json: AsJson = False
) -> None:
    """Move production, as the second person. Whoever asked for it may not."""
    client = connect(principal=as_)
    asked = _waiting(client, name)
    if not yes:
        after = Agent.model_validate(asked["definition"])
        who = Text(f"{asked['asked_by']} asks for it: {asked['reason'] or 'no reason given'}")
        said = gate_lines(asked["gate"])
        Console(stderr=True, markup=False).print(_change(client, name, after), said, who)
        typer.confirm(f"Let production stand for {asked['version']}?", abort=True, err=True)
    body = {"nonce": asked["nonce"]}
    found = client.post(f"/agents/{name}/releases/approve", body, timeout_seconds=GATE_SECONDS)
    done = f"{name}  production is {asked['version']}"
    show(found, done, as_json=wants_json(output, as_json=as_json))


@ends_well
def refuse(
    name: Name,
    reason: Annotated[str, typer.Option(help="Why, for the record")] = "",
    as_: As = None,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Let production stay as it is. Whoever asked may take it back so."""
    client = connect(principal=as_)
    asked = _waiting(client, name)
    body = {"nonce": asked["nonce"], "reason": reason}
    found = client.post(f"/agents/{name}/releases/refuse", body)
    show(
        found,
        f"{name}  {asked['version']} was refused",
        as_json=wants_json(output, as_json=as_json),
    )


@ends_well
def rollback(
    name: Name,
    reason: Annotated[str, typer.Option(help="Why, for the record")] = "",
    yes: Yes = False,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Put production back to what it was before, at once; a canary is taken away too."""
    if not reason:
        raise CommandFailed("A rollback needs a reason.", "say it: --reason TEXT", USAGE)
    if not yes:
        typer.confirm(f"Put production of {name} back?", abort=True, err=True)
    found = connect().post(f"/agents/{name}/releases/rollback", {"reason": reason})
    now = next((one["version"] for one in found["labels"] if one["label"] == "production"), None)
    done = f"{name}  production is {now or found['configured_version'] + ', as configured'}"
    show(found, done, as_json=wants_json(output, as_json=as_json))


@ends_well
def end(
    name: Name,
    label: Annotated[str, typer.Option(help="canary or staging")] = "canary",
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Take a canary or staging away."""
    found = connect().delete(f"/agents/{name}/releases/{label}")
    show(found, f"{name}  has no {label} any more", as_json=wants_json(output, as_json=as_json))


def _rules(label: str, **margins: float | None) -> dict[str, Any]:
    """When a canary goes back by itself, as far as it was said.

    Raises:
        CommandFailed: of a label that never does.
    """
    said = {name: one for name, one in margins.items() if one is not None}
    if said and label != "canary":
        raise CommandFailed(f"Only a canary goes back by itself, not {label}.", "no margins", USAGE)
    return {"rules": said} if said else {}


def _promoted(
    client: Client, name: str, file: Path | None, source: str | None, gate: Path | None
) -> tuple[Agent, Any]:
    """The definition that is meant, and the record of its gate.

    Raises:
        CommandFailed: it is not clear which, or one of them is not there.
    """
    from services.console.cli.agent_files import written  # noqa: PLC0415 - brings YAML

    if (file is None) == (source is None):
        what = "It is not clear which version is meant."
        raise CommandFailed(what, "name its file, or --from a label", USAGE)
    if source is None:
        if gate is None:
            what = "A label moves with the record of a gate."
            raise CommandFailed(what, "try it: interlock eval run, interlock eval gate", USAGE)
        return written(name, file)[0], _record(gate)
    found = client.get(f"/agents/{name}", label=source)
    return Agent.model_validate(found["definition"]), (
        _record(gate) if gate is not None else found["gate"]
    )


def _record(path: Path) -> Any:
    """The record of a gate as `interlock eval gate` wrote it.

    Raises:
        CommandFailed: there is none.
    """
    file = path / GATE_FILE if path.is_dir() else path
    try:
        if file.stat().st_size > GATE_LIMIT_BYTES:
            raise CommandFailed(f"{file} is too large for a record.", "name gate.json", USAGE)
        found = json.loads(file.read_text("utf-8"))
        GateRecord.model_validate(found)
    except FileNotFoundError:
        remedy = "let the gate say: interlock eval gate EXPERIMENT"
        raise CommandFailed(f"{file} is not there.", remedy, NOT_FOUND) from None
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "it"
        what = f"{file} is no record of a gate: {place}: {first['msg']}"
        raise CommandFailed(what, "write it again: interlock eval gate", USAGE) from None
    except (OSError, ValueError) as error:
        raise CommandFailed(f"{file}: {error}", "name gate.json", USAGE) from None
    return found


def _waiting(client: Client, name: str) -> Any:
    asked = client.get(f"/agents/{name}/releases")["waiting"]
    if asked is None:
        what = f"Nothing of {name} waits for a second person."
        raise CommandFailed(what, "look: interlock agents labels", CONFLICT)
    return asked


def _change(client: Client, name: str, after: Agent) -> Any:
    """How a version differs from the one in production."""
    from services.console.cli.agent_diff import Difference  # noqa: PLC0415 - brings YAML

    found = client.get(f"/agents/{name}")
    place = "configured"
    if "production" in found["labels"]:
        found, place = client.get(f"/agents/{name}", label="production"), "production"
    before = Agent.model_validate(found["definition"])
    return Difference.of(before, after, (place, "the new one"))


def _labels(found: list[Any], *, alone: bool) -> Any:
    rows = [_row(one["agent"], line) for one in found for line in one["labels"]]
    waiting = [one for one in found if one["waiting"] is not None]
    if not rows and not waiting:
        return NONE_YET
    parts: list[Any] = [table(COLUMNS, rows, whole="agent label version")] if rows else []
    parts += [_request(one["agent"], one["waiting"]) for one in waiting]
    if alone:
        past = [_row(one["agent"], line) for one in found for line in one["history"]]
        parts += [Text("\nWhat was, the newest first:"), table(COLUMNS, past)]
    return Group(*parts)


def _row(agent: str, line: Any) -> tuple[str, ...]:
    who = [line["asked_by"], *([line["approved_by"]] if line["approved_by"] else [])]
    share = f"{line['share_percent']} % by {line['sticky']}" if line["share_percent"] else ""
    said = f"{line['gate']['verdict']}, {line['gate']['experiment']}" if line["gate"] else ""
    what = line["reason"] if line["version"] is None or line["is_rollback"] else said
    return (
        *(agent, line["label"], line["version"] or "taken away", share),
        *(moment(line["at"]), ", ".join(who), what),
    )


def _request(agent: str, asked: Any) -> Text:
    told = f"{asked['asked_by']} wants production of {agent} to be {asked['version']}"
    return Text(f"{told}: interlock agents approve {agent}, or refuse {agent}", style="yellow")
