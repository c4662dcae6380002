"""A run that is over becomes a case: an incident that must not come again, or work well done.

The stubs hold what the model was shown, never what a check had withheld from it. Who the customer
and the user were, and the metadata of the task, are left out: a suite is read by more people than a
run is. The input stays as it was sent, so look it over before you share the case. What could not be
kept stands in the metadata of the case, as `note-1` and so on.
"""

from collections.abc import Iterable

from pydantic import JsonValue

from contracts.history import Call, Run, Step
from contracts.scoring import (
    CALLS_LIMIT,
    Assertion,
    Effects,
    ExpectedCall,
    Forbidden,
    Scorers,
)
from contracts.shape import sha256_hex
from contracts.suite import Case, Source
from contracts.tool import ToolManifest, ToolSucceeded
from contracts.trial import STUBS_LIMIT, Answer
from services.evaluator.errors import NotCapturable

from .recorded import arguments_of, stub_of

CAPTURED = "captured"
NOTE_LIMIT_CHARACTERS = 1024
NOTES_LIMIT = 32
_ID_LIMIT_CHARACTERS = 64
_DIGEST_CHARACTERS = 12


def case_of(run: Run, step: int | None = None) -> Case:
    """A case that tries what this run met.

    With `step`, counted from 1, it holds if none of the calls that the model asked for at that step
    is asked for again with the same arguments. Without, it holds if the run is resolved, and
    changes what this one changed.

    Raises:
        NotCapturable: the run is not over, or has no such step, or nothing was called there.
    """
    if run.submitted is None or run.end is None:
        raise NotCapturable(run.run_id, "it is not over; wait for its end, or cancel it")
    notes = [*_lost(run), *_lost_reviews(run)]
    if step is None:
        scorers, steps = _as_done(run, notes), run.steps
    else:
        scorers, steps = (_forbidden(_step(run, step), run, notes),), run.steps[:step]
    stubs = [stub for one in steps for call in one.calls if (stub := stub_of(call)) is not None]
    if len(stubs) > STUBS_LIMIT:
        notes.append(f"{len(stubs) - STUBS_LIMIT} later results are left out: too many for a case")
    return Case(
        id=_case_id(run.run_id, step),
        input=run.submitted.body.input,
        scorers=scorers,
        stubs=tuple(stubs[:STUBS_LIMIT]),
        reviews=_reviews(run),
        tags=(CAPTURED,),
        metadata=_noted(notes),
        source=Source(run_id=run.run_id, step=step),
    )


def _step(run: Run, number: int) -> Step:
    asking = [str(one.number) for one in run.steps if one.calls]
    if not asking:
        raise NotCapturable(run.run_id, "no tool was asked for in it; capture it without a step")
    if str(number) not in asking:
        problem = f"no tool was asked for at step {number}; take one of {', '.join(asking)}"
        raise NotCapturable(run.run_id, problem)
    return run.steps[number - 1]


def _forbidden(step: Step, run: Run, notes: list[str]) -> Forbidden:
    """What was asked for at the step, to the letter: another call may be the right one."""
    calls = [
        ExpectedCall(tool=call.part.name, arguments=arguments)
        for call in step.calls
        if (arguments := arguments_of(call)) is not None
    ]
    if not calls:
        problem = f"no call of step {step.number} has JSON arguments; take another step"
        raise NotCapturable(run.run_id, problem)
    if len(calls) < len(step.calls):
        notes.append(f"calls of step {step.number} without JSON arguments are not forbidden")
    if len(calls) > CALLS_LIMIT:
        notes.append(f"only the first {CALLS_LIMIT} calls of step {step.number} are forbidden")
    return Forbidden(arguments="exact", calls=tuple(calls[:CALLS_LIMIT]))


def _as_done(run: Run, notes: list[str]) -> Scorers:
    """What a completed run did is the measure; another one shows only how it should not go."""
    if run.status != "completed":
        notes.append(f"it ended as {run.status}: write scorers that say what it should have done")
        return ()
    changes = list(_changes(run))
    if len(changes) > CALLS_LIMIT:
        notes.append(f"its {len(changes)} effects are not scored: a scorer holds {CALLS_LIMIT}")
        return (Assertion(value="resolved"),)
    return (Assertion(value="resolved"), Effects(calls=tuple(changes)))


def _changes(run: Run) -> Iterable[ExpectedCall]:
    tools = {tool.name: tool for tool in run.started.body.tools} if run.started is not None else {}
    for step in run.steps:
        for call in step.calls:
            tool = tools.get(call.part.name)
            if tool is not None and tool.effect != "read" and _succeeded(call):
                yield ExpectedCall(tool=tool.name, arguments=_that_matter(tool, call))


def _that_matter(tool: ToolManifest, call: Call) -> dict[str, JsonValue] | None:
    """Where its money, mail or record goes; a reason may be worded in another way each time."""
    arguments = arguments_of(call)
    if arguments is None or not tool.sinks:
        return arguments
    return {name: value for name, value in arguments.items() if name in tool.sinks}


def _succeeded(call: Call) -> bool:
    outcomes = (each.outcome.body for each in call.tries if each.outcome is not None)
    return any(isinstance(outcome, ToolSucceeded) for outcome in outcomes)


def _outcomes(run: Run) -> list[str]:
    """How the questions whether a call may run were decided, in their order."""
    return [
        review.decided.body.outcome
        for review in run.reviews
        if review.decided is not None and review.requested.body.about == "call"
    ]


def _reviews(run: Run) -> Answer:
    # A call that was refused has no stub, so that approving all does not bring it about.
    return "approve" if {"approved", "edited"} & set(_outcomes(run)) else "reject"


def _lost_reviews(run: Run) -> Iterable[str]:
    outcomes = set(_outcomes(run))
    if outcomes & {"approved", "edited"} and outcomes & {"rejected", "expired", "responded"}:
        yield "people approved some calls and refused others: here all are approved"
    if "edited" in outcomes:
        yield "a person changed the arguments of a call: here it runs as the model wrote it"
    if "responded" in outcomes:
        yield "a person answered in place of a tool: that call has no stub here"


def _lost(run: Run) -> Iterable[str]:
    assert run.submitted is not None, "asked for first"
    task = run.submitted.body
    if task.continues is not None:
        yield f"it continued run {task.continues}, whose conversation is not in this case"
    if task.fork is not None:
        yield f"it was a fork of run {task.fork.run_id}, from step {task.fork.step}"
    if run.inputs:
        yield f"{len(run.inputs)} follow-ups came while it ran; a case has only its first input"


def _noted(notes: list[str]) -> dict[str, str]:
    kept = (note[:NOTE_LIMIT_CHARACTERS] for note in notes[:NOTES_LIMIT])
    return {f"note-{number}": note for number, note in enumerate(kept, start=1)}


def _case_id(run_id: str, step: int | None) -> str:
    name = run_id if step is None else f"{run_id}-step-{step}"
    if len(name) <= _ID_LIMIT_CHARACTERS:
        return name
    digest = sha256_hex(name.encode())[:_DIGEST_CHARACTERS]
    return f"{name[: _ID_LIMIT_CHARACTERS - _DIGEST_CHARACTERS - 1]}-{digest}"
