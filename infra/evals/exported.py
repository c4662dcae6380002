"""Recorded runs, folded here from their files."""

from contracts.agent import DEPTH_LIMIT
from contracts.export import Tampered, read, read_header
from contracts.history import Run
from services.console.cli.client import Client
from services.console.cli.errors import FAILED, CommandFailed
from shared.signing import Keyring


def exported_run(client: Client, run_id: str, tenant: str | None) -> Run:
    """The run, with those that it grew from.

    Raises:
        CommandFailed: there is none, or its file is not what was written.
    """
    content = client.download(f"/runs/{run_id}/export", tenant=tenant)
    try:
        return read(content, Keyring(read_header(content).keys)).run()
    except Tampered as error:
        raise CommandFailed(f"run {run_id}: {error}", "see: interlock doctor", FAILED) from None


def runs_above(client: Client, run: Run) -> tuple[Run, ...]:
    """The runs that called this one, the nearest first: what a gate judges its calls with.

    Raises:
        CommandFailed: one of them is gone, or its file is not what was written.
    """
    above = [run]
    while len(above) <= DEPTH_LIMIT:
        task = above[-1].submitted
        if task is None or task.body.parent is None:
            break
        above.append(exported_run(client, task.body.parent.run_id, run.tenant))
    return tuple(above[1:])
