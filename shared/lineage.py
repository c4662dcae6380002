"""Runs that grew from other runs, read with them: who rebuilds a prompt needs all of it."""

from collections.abc import Awaitable, Callable

from contracts.history import Run
from contracts.history.lineage import grown_from
from contracts.run import LINEAGE_LIMIT
from contracts.subjects import run_prefix
from shared.errors import LineageBroken

# Tenant, run, position: the run folded up to that sequence, and no further.
ReadUpTo = Callable[[str, str, int], Awaitable[Run]]


async def attach_ancestors(run: Run, read: ReadUpTo, left: int = LINEAGE_LIMIT) -> None:
    """Attach the run that this one grew from, as far as it counts, with its own ancestors.

    It is attached once it is whole, or not at all, so that a prompt is never made of a part.

    Raises:
        LineageBroken: one of them is not in the log as far as it counts, or they are too many.
        LogUnavailable: the log did not answer.
    """
    grown = grown_from(run)
    if grown is None or run.ancestor is not None:
        return
    prefix = run_prefix(run.tenant, run.run_id)
    if not left:
        raise LineageBroken(prefix, f"it grew from more than {LINEAGE_LIMIT} runs")
    ancestor = await read(run.tenant, grown.run_id, grown.position)
    if ancestor.started is None or ancestor.last_sequence < grown.position:
        reason = f"it grew from {grown.run_id} up to sequence {grown.position}, which is not there"
        raise LineageBroken(prefix, reason)
    await attach_ancestors(ancestor, read, left - 1)
    run.ancestor = ancestor
