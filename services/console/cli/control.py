"""`interlock runs` once more: what changes runs under way: one, all that fit, all of a scope.

interlock runs pause RUN            interlock runs pause --agent A | --tenant T | --all
interlock runs cancel --agent A --older-than 2h
"""

from typing import Annotated, Any, Literal

import typer

from services.console.cli.client import Client, connect
from services.console.cli.errors import CONFLICT, USAGE, CommandFailed
from services.console.cli.many_runs import (
    AT_MOST,
    RATE,
    AtMost,
    Customer,
    DryRun,
    Feature,
    Meta,
    Model,
    OlderThan,
    Rate,
    Root,
    Since,
    Status,
    Sure,
    Tool,
    User,
    Wanted,
    ask_many,
)
from services.console.cli.output import (
    AsJson,
    Output,
    ends_well,
    moment,
    show,
    status_text,
    table,
    wants_json,
)

MaybeRun = Annotated[str | None, typer.Argument(help="The id of one run")]
RunId = Annotated[str, typer.Argument(help="The id of the run")]
Agent = Annotated[str | None, typer.Option(help="All runs of this agent")]
Tenant = Annotated[str | None, typer.Option(help="All runs of this tenant; or whose RUN it is")]
Everything = Annotated[bool, typer.Option("--all", help="All runs there are")]
Reason = Annotated[str, typer.Option(help="Why, for the record")]
Policy = Annotated[str, typer.Option(help="reject, enqueue, interrupt or rollback")]

Verb = Literal["cancel", "pause", "resume"]
State = Literal["running", "paused", "stopped"]
DONE: dict[State, str] = {"running": "may run", "paused": "paused", "stopped": "stopped"}
WHICH = "name one run, or one of --agent, --tenant, --all"
WHICH_ENDS = "name one run, or say which: --agent, --older-than, ...; for all: interlock runs stop"
NO_ORDER = "leave --dry-run, --rate and --limit out, or name more, such as --status or --older-than"


def add_to(app: typer.Typer) -> None:
    """Put the commands beside those that only look."""
    for command in (cancel, pause, resume, stop, orders):
        app.command()(command)
    app.command("input")(give_input)


@ends_well
def cancel(  # noqa: PLR0913, PLR0917 - typer reads one option from each
    run_id: MaybeRun = None,
    agent: Annotated[str | None, typer.Option(help="Open runs of this agent")] = None,
    tenant: Annotated[str | None, typer.Option(help="Of this tenant; or whose RUN it is")] = None,
    status: Status = None,
    customer: Customer = None,
    feature: Feature = None,
    user: User = None,
    tool: Tool = None,
    model: Model = None,
    root: Root = None,
    meta: Meta = None,
    older_than: OlderThan = None,
    since: Since = None,
    rate: Rate = RATE,
    limit: AtMost = AT_MOST,
    dry_run: DryRun = False,
    yes: Sure = False,
    reason: Reason = "",
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Ask for the end of a run, or of all open ones that fit.

    What has begun finishes; nothing else starts.
    """
    wanted, wanted_json = Wanted.of(locals()), wants_json(output, as_json=as_json)
    if (one := _only_one(run_id, wanted, everything=False)) is not None:
        _ask("cancel", one, reason, tenant, as_json=wanted_json)
    elif wanted.filter:
        ask_many("cancel", wanted, as_json=wanted_json)
    else:
        raise CommandFailed("It is not clear what is meant.", WHICH_ENDS, USAGE)


@ends_well
def pause(  # noqa: PLR0913, PLR0917 - as above
    run_id: MaybeRun = None,
    agent: Agent = None,
    tenant: Tenant = None,
    everything: Everything = False,
    status: Status = None,
    customer: Customer = None,
    feature: Feature = None,
    user: User = None,
    tool: Tool = None,
    model: Model = None,
    root: Root = None,
    meta: Meta = None,
    older_than: OlderThan = None,
    since: Since = None,
    rate: Rate = RATE,
    limit: AtMost = AT_MOST,
    dry_run: DryRun = False,
    yes: Sure = False,
    reason: Reason = "",
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Let a run, all of a scope, or all open ones that fit, stand still.

    What was asked for finishes; deadlines wait. For an agent, a tenant or --all it is an order,
    which holds for later runs too; with any other filter each open run is asked by itself.
    """
    wanted, wanted_json = Wanted.of(locals()), wants_json(output, as_json=as_json)
    if (one := _only_one(run_id, wanted, everything=everything)) is not None:
        _ask("pause", one, reason, tenant, as_json=wanted_json)
    elif wanted.is_more_than_a_scope:
        ask_many("pause", wanted, as_json=wanted_json)
    else:
        _check_order(wanted)
        _order(_scope(run_id, agent, tenant, everything), "paused", reason, as_json=wanted_json)


@ends_well
def resume(  # noqa: PLR0913, PLR0917 - as above
    run_id: MaybeRun = None,
    agent: Agent = None,
    tenant: Tenant = None,
    everything: Everything = False,
    status: Status = None,
    customer: Customer = None,
    feature: Feature = None,
    user: User = None,
    tool: Tool = None,
    model: Model = None,
    root: Root = None,
    meta: Meta = None,
    older_than: OlderThan = None,
    since: Since = None,
    rate: Rate = RATE,
    limit: AtMost = AT_MOST,
    dry_run: DryRun = False,
    yes: Sure = False,
    reason: Reason = "",
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Let a run go on, or all that fit; or lift what was ordered for a scope, also its stop."""
    wanted, wanted_json = Wanted.of(locals()), wants_json(output, as_json=as_json)
    if (one := _only_one(run_id, wanted, everything=everything)) is not None:
        _ask("resume", one, reason, tenant, as_json=wanted_json)
    elif wanted.is_more_than_a_scope:
        ask_many("resume", wanted, as_json=wanted_json)
    else:
        _check_order(wanted)
        _order(_scope(run_id, agent, tenant, everything), "running", reason, as_json=wanted_json)


@ends_well
def stop(
    agent: Agent = None,
    tenant: Annotated[str | None, typer.Option(help="All runs of this tenant")] = None,
    everything: Everything = False,
    reason: Annotated[str, typer.Option(help="Why: it is told to every run that it ends")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Yes, end them")] = False,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """End all runs of a scope, and refuse new ones until `resume`. Nothing starts any more."""
    scope = _scope(None, agent, tenant, everything)
    if not reason:
        raise CommandFailed("A stop needs a reason.", "say it: --reason TEXT", USAGE)
    if not yes:
        raise CommandFailed(
            f"This would cancel every open run of {_words(scope)} and refuse new ones.",
            "if that is what you want, say it again with --yes",
            USAGE,
        )
    _order(scope, "stopped", reason, as_json=wants_json(output, as_json=as_json))


@ends_well
def orders(output: Output = "text", as_json: AsJson = False) -> None:
    """List the orders in force: what is paused, and what is stopped."""
    found = connect().get("/control")
    rows = (
        (
            _words((one["scope"], one["name"])),
            status_text(one["state"]),
            one["principal"],
            moment(one["at"]),
            one["reason"],
        )
        for one in found
    )
    columns = ("what", "state", "by", "since", "why")
    text = table(columns, rows, whole="what state") if found else "Everything may run."
    show(found, text, as_json=wants_json(output, as_json=as_json))


@ends_well
def give_input(
    run_id: RunId,
    text: Annotated[str, typer.Argument(help="What to add")],
    policy: Policy = "enqueue",
    tenant: Annotated[str | None, typer.Option(help="Where several have the id")] = None,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Give a run more input. `enqueue` waits for its answer, `interrupt` for nothing begun."""
    body = {"text": text, "policy": policy}
    answer = connect().post(f"/runs/{run_id}/input", body, tenant=tenant)
    line = f"{run_id}  {answer['outcome']}  {answer['reason']}".rstrip()
    show(answer, line, as_json=wants_json(output, as_json=as_json))
    if answer["outcome"].startswith("refused"):
        raise typer.Exit(CONFLICT)


def _only_one(run_id: str | None, wanted: Wanted, *, everything: bool) -> str | None:
    """The run that is meant, if it is one.

    Raises:
        CommandFailed: others are meant, too; or all, and of these some.
    """
    if run_id is not None and (everything or set(wanted.filter) - {"tenant"}):
        raise CommandFailed("It is not clear what is meant.", WHICH, USAGE)
    if everything and wanted.is_more_than_a_scope:
        raise CommandFailed("All runs are meant, and some of them.", WHICH, USAGE)
    return run_id


def _check_order(wanted: Wanted) -> None:
    """An order is given at once, and for runs that nobody knows yet."""
    if wanted.dry_run or (wanted.rate, wanted.limit) != (RATE, AT_MOST):
        raise CommandFailed(
            "This is an order for all of a scope: it is only given.", NO_ORDER, USAGE
        )


def _ask(verb: Verb, run_id: str, reason: str, tenant: str | None, *, as_json: bool) -> None:
    client: Client = connect()
    answer = client.post(f"/runs/{run_id}/{verb}", {"reason": reason}, tenant=tenant)
    show(answer, f"{run_id}  {verb} requested", as_json=as_json)


def _order(scope: tuple[str, str | None], state: State, reason: str, *, as_json: bool) -> None:
    body: dict[str, Any] = {"scope": scope[0], "state": state, "reason": reason}
    if scope[1] is not None:
        body["name"] = scope[1]
    answer = connect().post("/control", body)
    show(answer, f"{_words(scope)}  {DONE[state]}", as_json=as_json)


def _scope(
    run_id: str | None,
    agent: str | None,
    tenant: str | None,
    everything: bool,
) -> tuple[str, str | None]:
    """The one scope that was named.

    Raises:
        CommandFailed: none was, or several.
    """
    named: list[tuple[str, str | None]] = [
        (scope, name) for scope, name in (("agent", agent), ("tenant", tenant)) if name is not None
    ]
    if everything:
        named.append(("platform", None))
    if run_id is not None or len(named) != 1:
        raise CommandFailed("It is not clear what is meant.", WHICH, USAGE)
    return named[0]


def _words(scope: tuple[str, str | None]) -> str:
    return "the platform" if scope[1] is None else f"{scope[0]} {scope[1]}"
