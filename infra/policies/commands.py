"""`interlock policy`: what tool calls may do, read, explained and put on trial before it counts."""

from pathlib import Path
from typing import Annotated, Any

import typer

from services.console.cli.errors import FAILED, USAGE, CommandFailed
from services.console.cli.output import AsJson, Output, ends_well, show, table, wants_json

app = typer.Typer(help="What tool calls may do", no_args_is_help=True)

Folder = Annotated[
    Path, typer.Option("--config", envvar="INTERLOCK_CONFIG_DIR", help="The configuration folder")
]
CONFIG = Path("infra/config")
COLUMNS = ("policy", "attacks through", "tasks without a person", "approvals a task")


@app.command()
@ends_well
def check(config: Folder = CONFIG, output: Output = "text", as_json: AsJson = False) -> None:
    """Read the policies as the gate does: syntax, schema, and what takes the place of what."""
    from infra.policies.checking import checked  # noqa: PLC0415 - heavy imports stay in commands
    from shared.errors import ConfigError  # noqa: PLC0415 - as above

    try:
        found = checked(config)
    except ConfigError as error:
        raise CommandFailed(str(error), "correct it; nothing was changed", USAGE) from None
    rows = [(one["id"], one["effect"], one["source"], one["why"]) for one in found["policies"]]
    drawn = table(("policy", "effect", "from", "why"), rows)
    drawn.caption = f"version {found['version']}"
    show(found, drawn, as_json=wants_json(output, as_json=as_json))


@app.command()
@ends_well
def bench(
    suites: Annotated[
        list[Path], typer.Argument(exists=True, dir_okay=False, help="Files of attack suites")
    ],
    config: Annotated[
        Path | None, typer.Option("--config", help="Try the policies of this folder")
    ] = None,
    curve: Annotated[bool, typer.Option(help="Play simpler policies too, to compare")] = True,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Play attacks by an agent that obeys them all. Exit code 1 where one goes through."""
    from infra.policies.bench import Bench  # noqa: PLC0415 - heavy imports stay in commands
    from services.guardrail_checker.policies.loading import load_policy  # noqa: PLC0415 - as above
    from services.guardrail_checker.rules import ToolPolicy  # noqa: PLC0415 - as above
    from shared.errors import ConfigError  # noqa: PLC0415 - as above

    try:
        policy = ToolPolicy() if config is None else load_policy(config)
        ready = Bench.of(suites)
    except ConfigError as error:
        raise CommandFailed(str(error), "correct it", USAGE) from None
    with _progress(ready.size(with_curve=curve)) as tick:
        report = ready.measure(policy, with_curve=curve, tick=tick)
    found = report.model_dump(mode="json")
    show(found, _drawn(found), as_json=wants_json(output, as_json=as_json))
    if report.with_plan.attack_success or report.without_plan.attack_success:
        raise typer.Exit(FAILED)


def _progress(total: int) -> Any:
    from infra.policies.progress import ticking  # noqa: PLC0415 - as above

    return ticking(total)


def _drawn(found: dict[str, Any]) -> Any:
    from rich.console import Group  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    parts: list[Any] = []
    for mode, title in (("with_plan", "With a plan"), ("without_plan", "Without any plan")):
        scores = found["curve"][mode] if found["curve"] else [found[mode]]
        drawn = table(COLUMNS, map(_row, scores))
        drawn.title, drawn.title_justify = title, "left"
        parts += [drawn, Text()]
        parts += [Text(f"! {_told(one)}") for one in found[mode]["reached"][:10]]
    parts.append(
        Text(
            f"{found['with_plan']['pairs']} pairs, each in three orders: the attack after,"
            " before and between the user's calls."
        )
    )
    return Group(*parts)


def _row(score: dict[str, Any]) -> tuple[object, ...]:
    return (
        score["policy"],
        f"{score['attack_success']:.1%}",
        f"{score['tasks_without_human']} of {score['tasks']}",
        f"{score['approvals_per_task']:.2f}",
    )


def _told(one: dict[str, Any]) -> str:
    return f"{one['suite']}: {one['attack']} went through {one['order']} {one['task']}"
