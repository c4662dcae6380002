"""What a tool answers in a trial: the stubs that its task carries, in place of the world.

Calls are taken in the order in which the model wrote them, each with the first stub that fits it
and was not used yet, or else with the last one that fits; so the same conversation is always
answered alike, and a tool that is asked in a loop is answered for as long.
"""

import json

from ..tool import ToolFailed, ToolRequested, ToolSucceeded
from ..trial import Stub, Trial
from .lineage import canonical_json
from .state import Run

STUB = "stub:"  # and its place among those of the trial, from 1: where a stubbed outcome is from


def trial_of(run: Run) -> Trial | None:
    """What the run tries; None for one that does a task for somebody."""
    return run.submitted.body.trial if run.submitted is not None else None


def stubbed(run: Run, asked: ToolRequested) -> ToolSucceeded | ToolFailed | None:
    """What the stub that fits this call of a trial makes of it; None where none fits."""
    trial = trial_of(run)
    if trial is None or run.started is None:
        return None
    place = _place(run, trial, asked)
    if place is None:
        return None
    stub, source = trial.stubs[place], f"{STUB}{place + 1}"
    call, attempt = asked.call, asked.attempt
    if stub.error is not None:
        return ToolFailed(
            call=call, attempt=attempt, kind="error", reason=stub.error, replayed_from=source
        )
    trust = {tool.name: tool.output_trust for tool in run.started.body.tools}
    return ToolSucceeded(
        call=call,
        attempt=attempt,
        output_json=json.dumps(stub.result),
        trust=trust.get(asked.tool, "external"),
        replayed_from=source,
    )


def _place(run: Run, trial: Trial, asked: ToolRequested) -> int | None:
    used: set[int] = set()
    for tool, arguments_json in _earlier(run, asked):
        found = _fitting(trial, tool, _arguments(arguments_json), used)
        if found is not None:
            used.add(found)
    return _fitting(trial, asked.tool, _arguments(asked.arguments_json), used)


def _earlier(run: Run, asked: ToolRequested) -> list[tuple[str, str]]:
    """Tool and arguments of the calls before this one; of the call itself, no earlier attempt."""
    return [
        (call.part.name, call.part.arguments_json)
        for step in run.steps[: asked.step]
        for call in step.calls
        if (step.number, call.index) < (asked.step, asked.index)
    ]


def _fitting(trial: Trial, tool: str, arguments: dict[str, object], used: set[int]) -> int | None:
    fitting = [at for at, stub in enumerate(trial.stubs) if _fits(stub, tool, arguments)]
    unused = [at for at in fitting if at not in used]
    return next(iter(unused), fitting[-1] if fitting else None)


def _fits(stub: Stub, tool: str, arguments: dict[str, object]) -> bool:
    if stub.tool != tool:
        return False
    return all(
        name in arguments and canonical_json(arguments[name]) == canonical_json(value)
        for name, value in (stub.arguments or {}).items()
    )


def _arguments(arguments_json: str) -> dict[str, object]:
    """What the call names; nothing of arguments that are no JSON object."""
    try:
        found = json.loads(arguments_json or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
