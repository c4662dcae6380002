"""`interlock traces`: a run as spans, here or in a back end of yours."""

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from services.console.cli.client import Client, connect
from services.console.cli.errors import USAGE, CommandFailed
from services.console.cli.output import AsJson, Output, Tenant, ends_well, show, wants_json
from services.console.cli.run_lists import Moment, moment_of

app = typer.Typer(help="Runs as OpenTelemetry spans.", no_args_is_help=True)
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
EXPORT_SECONDS = 10.0
PAGE_RUNS = 500  # what one list of runs holds
RUNS_LIMIT = 100_000
NAME_WIDTH = 44
NANOSECONDS_IN_MS = 1_000_000


@app.command("show")
@ends_well
def show_(
    run_id: Annotated[str, typer.Argument(help="The id of the run")],
    tenant: Tenant = None,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Show the spans of a run as a tree, with their times."""
    spans: Any = connect(reading=True).get(f"/runs/{run_id}/trace", tenant=tenant)
    text = tree(spans) if spans else "Nothing in this run has ended yet, so it has no spans."
    show(spans, text, as_json=wants_json(output, as_json=as_json))


@app.command()
@ends_well
def rebuild(
    run_ids: Annotated[
        list[str] | None, typer.Argument(help="Runs; none stands for the newest")
    ] = None,
    to: Annotated[
        str | None, typer.Option(help="OTLP/HTTP endpoint of your back end", envvar=ENDPOINT)
    ] = None,
    newest: Annotated[
        int, typer.Option(min=1, max=RUNS_LIMIT, help="How many, if none is named")
    ] = 100,
    since: Moment = None,
    content: Annotated[bool, typer.Option("--content", help="With messages, redacted")] = False,
    tenant: Tenant = None,
    output: Output = "text",
    as_json: AsJson = False,
) -> None:
    """Send the spans of runs to a back end again, the same ones with the same ids."""
    if not to:
        raise CommandFailed("There is no endpoint.", f"give --to, or set {ENDPOINT}", USAGE)
    if run_ids and since:
        raise CommandFailed("You named runs, and --since.", "give either", USAGE)
    after = moment_of("--since", since)
    client = connect(reading=True)
    named = [(one, tenant) for one in run_ids or ()] or _newest(client, newest, after, tenant)
    sent = _send_all(client, named, to, content=content)
    told = {"endpoint": to, "runs": len(named), "bytes": sent}
    runs = "1 run" if len(named) == 1 else f"{len(named)} runs"
    text = f"{runs}, {sent} bytes of spans, sent to {to}"
    show(told, text, as_json=wants_json(output, as_json=as_json))


def tree(spans: Sequence[dict[str, Any]]) -> str:
    """One line a span, below its parent, in the order of beginning."""
    children: dict[str | None, list[dict[str, Any]]] = {}
    known = {span["span_id"] for span in spans}
    for span in sorted(spans, key=lambda one: (one["start_ns"], one["end_ns"])):
        parent = span["parent_id"] if span["parent_id"] in known else None
        children.setdefault(parent, []).append(span)
    lines: list[str] = []
    waiting = [(span, 0) for span in reversed(children.get(None, []))]
    while waiting:
        span, depth = waiting.pop()
        if depth == 0:
            lines += [*([""] if lines else []), f"trace {span['trace_id']}"]
        lines.append(_line(span, depth + 1))
        below = children.get(span["span_id"], [])
        waiting += [(one, depth + 1) for one in reversed(below)]
    return "\n".join(lines)


def _line(span: dict[str, Any], depth: int) -> str:
    milliseconds = (span["end_ns"] - span["start_ns"]) / NANOSECONDS_IN_MS
    name = f"{'  ' * depth}{span['name']}"
    reasons = ", ".join(link["reason"] for link in span["links"])
    marks = [
        *([f"error {span['error']}"] if span["error"] else []),
        *([f"goes on after: {reasons}"] if reasons else []),
    ]
    return f"{name:<{NAME_WIDTH}} {milliseconds:>10.1f} ms  {'; '.join(marks)}".rstrip()


def _newest(
    client: Client, limit: int, since: str | None, tenant: str | None
) -> list[tuple[str, str | None]]:
    """The newest runs, page by page. Says so if there are more."""
    found: list[tuple[str, str | None]] = []
    cursor: str | None = None
    while len(found) < limit:
        page = min(PAGE_RUNS, limit - len(found))
        runs, cursor = client.page("/runs", limit=page, since=since, tenant=tenant, cursor=cursor)
        found += [(one["run_id"], one["tenant"]) for one in runs]
        if cursor is None:
            return found
    if since is not None:
        print(f"there are older ones: only the newest {limit} go, see --newest", file=sys.stderr)
    return found


def _send_all(
    client: Client, named: Sequence[tuple[str, str | None]], to: str, *, content: bool
) -> int:
    from rich.console import Console  # noqa: PLC0415 - slow
    from rich.progress import track  # noqa: PLC0415 - slow

    console = Console(stderr=True)
    quiet = len(named) == 1 or not console.is_terminal
    sent = 0
    for run_id, tenant in track(named, "sending", console=console, disable=quiet):
        body = client.download(
            f"/runs/{run_id}/trace", format="otlp", content=str(content).lower(), tenant=tenant
        )
        _send(to, body)
        sent += len(body)
    return sent


def _send(to: str, body: bytes) -> None:
    """To where the person said, and nowhere else.

    Raises:
        CommandFailed: nobody answers there, or they refuse.
    """
    import httpx  # noqa: PLC0415 - slow to import

    url = f"{to.rstrip('/')}/v1/traces"
    headers = {"content-type": "application/x-protobuf"}
    try:
        answer = httpx.post(url, content=body, headers=headers, timeout=EXPORT_SECONDS)
        answer.raise_for_status()
    except httpx.HTTPStatusError as error:
        raise CommandFailed(
            f"{url} answered {error.response.status_code}.", "is it an OTLP/HTTP endpoint?"
        ) from None
    except (httpx.TransportError, httpx.InvalidURL) as error:
        reason = type(error).__name__
        raise CommandFailed(
            f"{url} does not answer ({reason}).", "start it, or give --to"
        ) from None
