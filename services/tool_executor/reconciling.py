"""Before nobody knows what became of a call, whoever could know is asked: the tool's reconciler.

It runs as the tool does: in its sandbox, with its secrets, within its limits, with the arguments
and the idempotency key of the call. Only what it says in form counts; whatever else comes of it,
the outcome stays unknown, and a person is asked.
"""

from dataclasses import replace

import structlog
from pydantic import ValidationError
from pydantic_core import to_json

from contracts.history import Run
from contracts.tool import (
    Found,
    ToolFailed,
    ToolManifest,
    ToolRequested,
    ToolSucceeded,
    ToolUnknown,
)
from shared.bus import Bus

from .desk import Desk
from .errors import ExecutorError
from .rules import Report, Returned, ToolOutcome
from .rules.clearance import context_of
from .vault import arguments_for

log = structlog.get_logger()


async def reconciled(
    outcome: ToolOutcome, asked: ToolRequested, run: Run, bus: Bus, desk: Desk
) -> ToolOutcome:
    """The outcome, or what a reconciler knows better than that it is unknown."""
    tool = desk.registry.tools.get(asked.tool)
    asking = tool.reconciling if tool is not None else None
    if asking is None or not isinstance(outcome, ToolUnknown):
        return outcome
    try:
        arguments = await arguments_for(asked, asking.manifest, run, bus)
        async with desk.runner.place(asking, run.tenant) as place:
            ending = await place.run(asking, arguments, context_of(run, asked))
        said = ending.output_json if isinstance(ending, Returned) else ""
        found = Found.model_validate_json(said)
    except (ExecutorError, ValidationError) as error:
        log.warning("executor.not_reconciled", call=asked.call, error=type(error).__name__)
        return outcome
    log.info("executor.reconciled", call=asked.call, happened=found.happened)
    return _outcome(found, outcome, asking.manifest)


def _outcome(found: Found, unknown: ToolUnknown, manifest: ToolManifest) -> ToolOutcome:
    call, attempt = unknown.call, unknown.attempt
    match found.happened:
        case None:
            return unknown
        case True:
            output = to_json(found.result).decode()
            return ToolSucceeded(
                call=call, attempt=attempt, output_json=output, trust=manifest.output_trust
            )
        case False:
            reason = f"it did not take effect, {manifest.reconcile} found: {unknown.reason}"
            return ToolFailed(call=call, attempt=attempt, kind="error", reason=reason)


async def known(report: Report, run: Run, bus: Bus, desk: Desk) -> Report:
    """What is to be said of a call that is not started any more, if somebody knows better."""
    call = run.call(report.body.call)
    if call is None or call.last is None:
        return report
    body = await reconciled(report.body, call.last.request.body, run, bus, desk)
    return replace(report, body=body)
