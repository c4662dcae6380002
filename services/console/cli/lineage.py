"""`interlock runs` once more: forks, what they touched, differences; and runs as files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from services.console.cli.client import connect
from services.console.cli.errors import FAILED, USAGE, CommandFailed
from services.console.cli.export_forms import in_form, known_form
from services.console.cli.output import (
    AsJson,
    Output,
    Tenant,
    ends_well,
    show,
    table,
    wants_json,
)
from services.console.cli.submit import tell_accepted
from services.console.rules.words.amounts import usd

if TYPE_CHECKING:
    from contracts.export import Exported

RunId = Annotated[str, typer.Argument(help="The id of the run")]
File = Annotated[Path, typer.Argument(help="A run as a file", exists=True, dir_okay=False)]


def add_to(app: typer.Typer) -> None:
    """Put the commands beside those that only look."""
    for command in (fork, proof, diff, export, verify):
        app.command()(command)
    app.command("import")(import_)


@ends_well
def fork(  # noqa: PLR0913, PLR0917 - typer reads one option from each
    run_id: RunId,
    step: Annotated[
        int, typer.Option("--step", "--at", min=1, help="It sees what came before this step")
    ] = 1,
    model: Annotated[str | None, typer.Option(help="Another alias of models.yaml")] = None,
    instructions_file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Other instructions")
    ] = None,
    policy: Annotated[
        str | None, typer.Option(help="Judge it by this version: interlock policy versions")
    ] = None,
    run_id_: Annotated[
        str | None, typer.Option("--run-id", help="Your name for the fork; twice is once")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Until it has ended")] = False,
    timeout_seconds: Annotated[float, typer.Option("--timeout", help="Longest wait")] = 900.0,
    tenant: Tenant = None,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Start a shadow of a run from one of its steps. It touches nothing; its model calls cost."""
    asked: dict[str, object] = {"step": step, "model": model, "policy": policy, "run_id": run_id_}
    if instructions_file is not None:
        asked["instructions"] = _text_of(instructions_file)
    body = {name: value for name, value in asked.items() if value is not None}
    client = connect()
    accepted = client.post(f"/runs/{run_id}/fork", body, tenant=tenant)
    as_json = wants_json(output, as_json=as_json)
    tell_accepted(client, accepted, timeout_seconds if wait else None, as_json=as_json)


@ends_well
def proof(
    run_id: RunId, tenant: Tenant = None, output: Output = "text", as_json: AsJson = False
) -> None:
    """Show what a run touched outside, by every fact of it. Exit code 1 if that is anything."""
    found = connect(reading=True).get(f"/runs/{run_id}/proof", tenant=tenant)
    show(found, _proof_text(found), as_json=wants_json(output, as_json=as_json))
    if not found["holds"]:
        raise typer.Exit(FAILED)


@ends_well
def diff(
    first: Annotated[str, typer.Argument(help="The id of a run")],
    second: Annotated[str, typer.Argument(help="The run to compare it with, such as its fork")],
    tenant: Tenant = None,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Compare two runs step by step; a fork from the step that it grew from."""
    found = connect(reading=True).get(f"/runs/{first}/diff/{second}", tenant=tenant)
    show(found, _comparison_text(found), as_json=wants_json(output, as_json=as_json))


@ends_well
def export(
    run_id: RunId,
    file: Annotated[
        Path | None, typer.Option("-o", "--output", help="Where to; else to standard output")
    ] = None,
    form: Annotated[
        str, typer.Option("--format", help="file, timeline or json", callback=known_form)
    ] = "file",
    tenant: Tenant = None,
) -> None:
    """Write a run as one file that anybody can verify, with the runs that it grew from.

    Only `file` can be verified and imported. `timeline` is Markdown for people: every fact below
    its step, with what the step saw, decided and cost. `json` is the decision record for programs.
    """
    content = in_form(connect(reading=True), run_id, tenant, form)
    if file is None:
        typer.echo(content.decode(), nl=False)
        return
    try:
        file.write_bytes(content)
    except OSError as error:
        raise CommandFailed(f"{file}: {error.strerror}.", "name another file", USAGE) from None
    typer.echo(f"{file}  {len(content)} bytes", err=True)


@ends_well
def verify(
    file: File,
    keyring: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Public keys: {owner: [hex keys]}"),
    ] = None,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Check a file offline: its chain, every signature, every prompt. Exit code 1 if one fails."""
    from contracts.export import Tampered, read, read_header  # noqa: PLC0415 - slow, with nacl
    from shared.errors import ConfigError  # noqa: PLC0415 - as above
    from shared.signing import Keyring, load_keyring  # noqa: PLC0415 - as above

    content = file.read_bytes()
    try:
        keys = load_keyring(keyring) if keyring else Keyring(read_header(content).keys)
        exported = read(content, keys)
    except Tampered as error:
        raise CommandFailed(
            f"{file}: line {error.line}, {error.what}: {error.reason}.",
            "it is not what was exported; get it again from whoever has the run",
        ) from None
    except (ConfigError, ValueError) as error:
        raise CommandFailed(f"{file}: {error}.", "give the keys of whoever exported it") from None
    found = _summary(exported, own_keys=keyring is None)
    show(found, _summary_text(found), as_json=wants_json(output, as_json=as_json))
    if found["prompts_wrong"]:
        raise typer.Exit(FAILED)


@ends_well
def import_(file: File, output: Output = "text", as_json: AsJson = False) -> None:
    """Keep an exported run, so that it can be shown where the log does not have it."""
    from contracts.export import MEDIA_TYPE  # noqa: PLC0415 - slow

    found = connect().upload("/archives", file.read_bytes(), MEDIA_TYPE)
    line = f"{found['run_id']}  {found['status']}  {found['facts']} facts  {found['reason']}"
    show(found, line, as_json=wants_json(output, as_json=as_json))


def _text_of(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise CommandFailed(f"{file}: {error}.", "name a file of UTF-8 text", USAGE) from None


def _proof_text(found: Any) -> RenderableType:
    grown = f"forked from {found['forked_from']}, step {found['step']}; " if found["step"] else ""
    parts: list[RenderableType] = [
        Text(found["verdict"], style="green" if found["holds"] else "red"),
        Text(
            f"{grown}{found['model_calls']} model calls, {usd(found['cost_micro_usd'])}; "
            f"{found['reviews_asked']} reviews asked"
        ),
    ]
    rows = [
        (one["call"], one["tool"], one["problem"] or f"replayed from {one['outcome_id']}")
        for one in found["replayed"]
    ]
    rows += [(one["call"], one["tool"], one["reason"]) for one in found["withheld"]]
    rows += [("", "", f"touched: {one}") for one in found["touched"]]
    if rows:
        parts.append(table(("call", "tool", "what became of it"), sorted(rows), whole="call tool"))
    if found["comparison"] is not None:
        parts.append(_comparison_text(found["comparison"]))
    return Group(*parts)


def _comparison_text(found: Any) -> RenderableType:
    costs = " / ".join(usd(cost) for cost in found["cost_micro_usd"])
    steps = " / ".join(str(count) for count in found["steps"])
    head = Text(f"{found['first']} / {found['second']}: {steps} steps, {costs}")
    if found["divergence"] is None:
        return Group(head, Text("They do not differ."))
    rows = (
        (one["step"] or "end", one["what"], one["first"], one["second"])
        for one in found["differences"]
    )
    columns = ("step", "what", found["first"], found["second"])
    return Group(head, table(columns, rows, whole="step what"))


def _summary(exported: "Exported", *, own_keys: bool) -> dict[str, Any]:
    from contracts.history import measure  # noqa: PLC0415 - slow
    from contracts.run import FOLD_VERSION  # noqa: PLC0415 - as above

    run = exported.run()
    # Prompts are made by the rules that the run was started under.
    ours = run.started is not None and run.started.body.fold_version == FOLD_VERSION
    asked = [step.requested.body for step in run.steps if ours]
    wrong = [one.step for one in asked if measure(run, one.step).sha256 != one.prompt_sha256]
    return {
        "tenant": run.tenant,
        "run_id": run.run_id,
        "status": run.status,
        "steps": len(run.steps),
        "cost_micro_usd": run.cost_micro_usd,
        "facts": len(exported.facts),
        "digest": exported.digest,
        "exported_at": exported.header.exported_at,
        "signed_by": sorted(exported.header.keys),
        "keys": "of the file" if own_keys else "given",
        "prompts_rebuilt": len(asked) - len(wrong),
        "prompts_wrong": wrong,
    }


def _summary_text(found: dict[str, Any]) -> RenderableType:
    wrong = ", ".join(str(step) for step in found["prompts_wrong"])
    lines = [
        Text(f"{found['tenant']}/{found['run_id']}  {found['status']}", style="bold"),
        Text(f"{found['facts']} facts, {found['steps']} steps, {usd(found['cost_micro_usd'])}"),
        Text(f"digest {found['digest']}"),
        Text(f"{found['prompts_rebuilt']} prompts rebuilt to their digests"),
    ]
    if wrong:
        lines.append(Text(f"The prompts of steps {wrong} do not fit their digests.", style="red"))
    if found["keys"] == "of the file":
        lines.append(
            Text(
                "The keys are those of the file itself: it agrees with itself, and nothing more. "
                "Give --keyring to know who signed.",
                style="yellow",
            )
        )
    return Group(*lines)
