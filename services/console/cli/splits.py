"""Runs that juries could not agree on, which wait for the label of a person."""

from services.console.cli.client import Client
from services.console.cli.output import moment, show, table

COUNTED = 100  # of more than these it is only told that there are more
NONE = "No run waits for a label: every jury could agree, or a person has said it."


def show_splits(client: Client, tenant: str | None, limit: int, *, as_json: bool) -> None:
    """List them, a line for each metric."""
    found = client.get("/reviews/split", tenant=tenant, limit=limit)
    rows = [
        (one["run_id"], jury["metric"], one["agent"], moment(one["ended_at"]), jury["why"])
        for one in found
        for jury in one["juries"]
    ]
    columns = ("run", "metric", "agent", "ended", "why not")
    show(found, table(columns, rows, whole="run metric") if rows else NONE, as_json=as_json)


def told_splits(client: Client, tenant: str | None) -> str:
    """How many there are, in a line with the command that lists them."""
    found = client.get("/reviews/split", tenant=tenant, limit=COUNTED)
    juries = sum(len(one["juries"]) for one in found)
    more = " or more" if len(found) >= COUNTED else ""
    told = f"Juries that could not agree: {juries}{more}"
    return f"{told}; see: interlock reviews list --split" if juries else told
