"""`interlock policy`: what tool calls may do, read, explained and put on trial before it counts."""

from pathlib import Path
from typing import Annotated, Any

import typer

from services.console.cli.errors import FAILED, NOT_FOUND, USAGE, CommandFailed
from services.console.cli.output import AsJson, Output, Tenant, ends_well, show, table, wants_json
from services.console.cli.run_lists import Moment, moment_of

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
def versions(config: Folder = CONFIG, output: Output = "text", as_json: AsJson = False) -> None:
    """List the policies that a fork may name: the one in force, and those kept beside it."""
    from infra.policies.checking import kept  # noqa: PLC0415 - heavy imports stay in commands
    from shared.errors import ConfigError  # noqa: PLC0415 - as above

    try:
        found = kept(config)
    except ConfigError as error:
        raise CommandFailed(str(error), "correct it", USAGE) from None
    rows = [(one["version"], "in force" if one["in_force"] else "for forks") for one in found]
    show(found, table(("version", ""), rows), as_json=wants_json(output, as_json=as_json))


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
    from services.guardrail_checker.rules import ToolPolicy  # noqa: PLC0415 - as above
    from shared.errors import ConfigError  # noqa: PLC0415 - as above

    policy = ToolPolicy() if config is None else _policy(config)
    try:
        ready = Bench.of(suites)
    except ConfigError as error:
        raise CommandFailed(str(error), "correct it", USAGE) from None
    with _progress(ready.size(with_curve=curve)) as tick:
        report = ready.measure(policy, with_curve=curve, tick=tick)
    found = report.model_dump(mode="json")
    show(found, _drawn(found), as_json=wants_json(output, as_json=as_json))
    if report.with_plan.attack_success or report.without_plan.attack_success:
        raise typer.Exit(FAILED)


@app.command()
@ends_well
def explain(
    run_id: Annotated[str, typer.Argument(metavar="RUN")],
    call: Annotated[str, typer.Argument(help="As runs show names it, such as 2-1")],
    tenant: Tenant = None,
    config: Folder = CONFIG,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Say where each value of a call comes from, which policies decided, and why."""
    from infra.evals.exported import exported_run, runs_above  # noqa: PLC0415 - heavy imports
    from infra.policies.explaining import NotJudged, explained  # noqa: PLC0415 - as above
    from services.console.cli.client import connect  # noqa: PLC0415 - as above

    policy = _policy(config)
    client = connect(reading=True)
    run = exported_run(client, run_id, tenant)
    try:
        found = explained(run, call, policy, runs_above(client, run))
    except NotJudged as error:
        raise CommandFailed(str(error), f"see: interlock runs show {run_id}", NOT_FOUND) from None
    show(found, _explanation(found), as_json=wants_json(output, as_json=as_json))


@app.command()
@ends_well
def replay(
    agent: Annotated[str, typer.Argument(help="Whose recorded runs")],
    config: Folder = CONFIG,
    runs: Annotated[int, typer.Option(min=1, max=10_000, help="Drawn by lot, at most")] = 200,
    seed: Annotated[int, typer.Option(help="Of the lot")] = 0,
    since: Moment = None,
    tenant: Tenant = None,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Judge recorded calls by the policies of a folder: which flip, how many approvals it saves."""
    from infra.evals.counterfactual import Population, recorded_runs  # noqa: PLC0415 - as above
    from infra.evals.exported import exported_run, runs_above  # noqa: PLC0415 - as above
    from infra.policies.replaying import replayed  # noqa: PLC0415 - as above
    from services.console.cli.client import connect  # noqa: PLC0415 - as above

    policy = _policy(config)
    client = connect(reading=True)
    asked = Population(agent, tenant, moment_of("--since", since), None)
    run_ids = recorded_runs(client, asked, runs, seed)
    if not run_ids:
        what = f"there are no recorded runs of {agent} that fit"
        raise CommandFailed(what, f"see: interlock runs list --agent {agent}", NOT_FOUND)
    recorded = (exported_run(client, one, tenant) for one in run_ids)
    found = replayed(((run, runs_above(client, run)) for run in recorded), policy)
    show(found, _replay(found), as_json=wants_json(output, as_json=as_json))


@app.command()
@ends_well
def radius(
    agent: Annotated[str | None, typer.Argument(help="One agent; else all")] = None,
    config: Folder = CONFIG,
    check_only: Annotated[
        bool, typer.Option("--check", help="Fail where it is wider than was announced")
    ] = False,
    write: Annotated[bool, typer.Option(help="Announce it, in the folder")] = False,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Say the worst that an agent could do if its model obeyed an attacker, asking nobody."""
    from infra.dev.platform import ManifestsFailed  # noqa: PLC0415 - heavy imports stay in commands
    from infra.policies.radii import announce, radii, unannounced  # noqa: PLC0415 - as above
    from services.console.cli.radius import radius_drawn  # noqa: PLC0415 - as above
    from shared.errors import ConfigError  # noqa: PLC0415 - as above

    try:
        found = radii(config)
        more = unannounced(config, found) if check_only else {}
    except (ConfigError, ManifestsFailed) as error:
        raise CommandFailed(str(error), "correct it", USAGE) from None
    if agent is not None and agent not in found:
        raise CommandFailed(f"there is no agent {agent}", f"known: {', '.join(found)}", NOT_FOUND)
    if more:
        told = "; ".join(f"{name}: {one}" for name, several in more.items() for one in several)
        raise CommandFailed(told, "if it is meant: interlock policy radius --write", FAILED)
    if write:
        announce(config, found)
    wanted = [one for name, one in found.items() if agent in (None, name)]
    shown = [one.model_dump(mode="json") for one in wanted]
    show(shown, radius_drawn(shown), as_json=wants_json(output, as_json=as_json))


def _policy(config: Path) -> Any:
    from services.guardrail_checker.policies.loading import load_policy  # noqa: PLC0415 - as above
    from shared.errors import ConfigError  # noqa: PLC0415 - as above

    try:
        return load_policy(config)
    except ConfigError as error:
        raise CommandFailed(str(error), "correct it", USAGE) from None


def _explanation(found: dict[str, Any]) -> Any:
    from rich.console import Group  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    recorded, now = found["recorded"], found["now"]
    head = [
        f"{found['tool']} ({found['effect']}), call {found['call']} of {found['run_id']}",
        f"recorded: {recorded['verdict']} by {recorded['rule']}: {recorded['reason']}",
        f"now: {now['verdict']} by {now['rule']}: {now['reason']}",
        "",
    ]
    rows = [(one["argument"], one["as"], one["value"], one["origin"]) for one in found["values"]]
    values: Any = table(("argument", "is", "value", "comes from"), rows)
    if not rows:
        values = Text("None of its values decides who or what is affected.")
    return Group(*map(Text, head), values)


def _replay(found: dict[str, Any]) -> Any:
    told = (
        f"{found['calls']} calls of {found['runs']} runs: {found['flipped']} decided otherwise, "
        f"{found['approvals_saved']} fewer questions to people."
    )
    if not found["flips"]:
        return told
    columns = ("run", "call", "tool", "was", "would be", "why")
    names = ("run_id", "call", "tool", "before", "after", "reason")
    drawn = table(columns, ([one[name] for name in names] for one in found["flips"]))
    drawn.caption = told
    return drawn


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
