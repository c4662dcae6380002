"""`interlock tools call` and `tools test`: a tool on this machine, in its sandbox, in no run."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from services.console.cli.arguments import edited
from services.console.cli.errors import FAILED, USAGE, CommandFailed
from services.console.cli.output import AsJson, Output, ends_well, show, wants_json

if TYPE_CHECKING:  # heavy imports stay in commands
    from contracts.progress import Progress
    from contracts.tool import ToolManifest
    from infra.tooling.running import Verdict

CONFIG = Path("infra/config")
Folder = Annotated[
    Path, typer.Option("--config", envvar="INTERLOCK_CONFIG_DIR", help="The configuration folder")
]


@ends_well
def call_tool(
    tool: Annotated[str, typer.Argument(metavar="TOOL")],
    arguments: Annotated[
        str | None, typer.Option("--arguments", help="All arguments, a JSON object")
    ] = None,
    sets: Annotated[
        list[str] | None, typer.Option("--set", help="One of them, name=JSON; may be given often")
    ] = None,
    tenant: Annotated[str, typer.Option(help="For whom it is called")] = "trial",
    yes: Annotated[
        bool, typer.Option("--yes", help="Although it has effects, and they are real")
    ] = False,
    config: Folder = CONFIG,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Call a tool here, in its sandbox and limits: no run, no gate, no budget and no log."""
    from infra.tooling.cases import how, told  # noqa: PLC0415 - heavy imports stay in commands
    from infra.tooling.running import called  # noqa: PLC0415 - as above
    from shared.errors import ConfigError  # noqa: PLC0415 - as above

    # Without a word it is called with nothing: no editor opens.
    given = edited("{}", arguments if arguments or sets else "{}", sets or [])

    def may_act(manifest: "ToolManifest") -> None:
        if manifest.effect != "read" and not yes:
            raise CommandFailed(
                f"{tool} does more than read ({manifest.effect}), and no gate is asked here.",
                "if it may happen for real: --yes",
                USAGE,
            )

    def report(progress: "Progress") -> None:
        Console(stderr=True, markup=False, highlight=False).print(progress.words)

    try:
        outcome = asyncio.run(
            called(
                config,
                tool,
                json.dumps(given),
                tenant=tenant,
                may_act=may_act,
                report=report,
            )
        )
    except ConfigError as error:
        raise CommandFailed(str(error), "nothing was called", USAGE) from None
    ended = how(outcome)
    if ended != "succeeded":
        raise CommandFailed(f"{tool} {told(outcome)}", "the model would read that", FAILED)
    found = {"tool": tool, "ended": ended, **outcome.model_dump(mode="json")}
    show(found, _result(found["output_json"]), as_json=wants_json(output, as_json=as_json))


@ends_well
def hold_to_cases(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="Default: tool-tests.yaml of the configuration folder"),
    ] = None,
    config: Folder = CONFIG,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Call tools as a file of tests says, for real, and hold each call to what is expected."""
    from infra.tooling.cases import FILE, how  # noqa: PLC0415 - heavy imports stay in commands
    from infra.tooling.running import tested  # noqa: PLC0415 - as above
    from shared.errors import ConfigError  # noqa: PLC0415 - as above

    is_json = wants_json(output, as_json=as_json)
    lines = Console(markup=False, highlight=False, soft_wrap=True, quiet=is_json)

    def seen(one: "Verdict") -> None:
        lines.print("ok    " if one.wrong is None else "FAILED", one.case.title)
        if one.wrong is not None:
            lines.print("      ", one.wrong)

    try:
        verdicts = asyncio.run(tested(config, file or config / FILE, seen))
    except ConfigError as error:
        raise CommandFailed(str(error), "correct it", USAGE) from None
    failed = sum(one.wrong is not None for one in verdicts)
    told = {
        "passed": len(verdicts) - failed,
        "failed": failed,
        "cases": [
            {"case": one.case.title, "ended": how(one.outcome), "wrong": one.wrong}
            for one in verdicts
        ],
    }
    show(told, f"{len(verdicts)} cases, {failed} failed", as_json=is_json)
    if failed:
        raise typer.Exit(FAILED)


def _result(output_json: str) -> str:
    """A text as it is, anything else as JSON that people read."""
    found = json.loads(output_json)
    return found if isinstance(found, str) else json.dumps(found, indent=2, ensure_ascii=False)
