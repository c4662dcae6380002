"""What people ask of one run under way: to end, to stand still, to go on, to take more input."""

import secrets
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field, StringConstraints

from contracts.control import (
    REASON_LIMIT,
    InputPolicy,
    InputRefused,
    InputSubmitted,
    InputTaken,
    RunCancelRequested,
    RunPauseRequested,
    RunResumeRequested,
)
from contracts.envelope import Fact
from contracts.guardrail import InputCleared
from contracts.history import Run
from contracts.shape import Body, Written
from contracts.task import INPUT_LIMIT_CHARACTERS, Name
from services.console.api.access import Operator
from services.console.api.desk import Desk, DeskHere, InTenant
from services.console.api.people import Person
from services.console.api.runs import RunId
from services.console.api.shapes import ControlAsked, InputAnswer
from services.console.errors import Conflict

router = APIRouter(prefix="/runs", tags=["runs"])
NONCE_BYTES = 16

Became = tuple[str, str]  # in a word, and in a sentence
RECORDED: Became = ("recorded", "")
WAITING: Became = ("waiting", "it was checked, and waits for its turn")

RunRequest = RunCancelRequested | RunPauseRequested | RunResumeRequested
Request = type[RunCancelRequested] | type[RunPauseRequested] | type[RunResumeRequested]


class Why(Written):
    reason: Annotated[str, Field(max_length=REASON_LIMIT)] = ""


class NewInput(Written):
    """More input, and what it may do to the work that is under way."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=INPUT_LIMIT_CHARACTERS)]
    policy: InputPolicy = "enqueue"
    user: Annotated[Name | None, Field(description="Whose it is, if not the person's own")] = None


@router.post("/{run_id}/cancel", status_code=202)
async def cancel(
    run_id: RunId,
    person: Operator,
    desk: DeskHere,
    body: Why | None = None,
    asked: InTenant = None,
) -> ControlAsked:
    """Ask for the end of a run. What is claimed finishes and is settled; nothing else starts."""
    run = await _open_run(desk, person, run_id, asked, "cancel")
    said = await ask(desk, person, run, RunCancelRequested, _reason(body))
    return _asked(said, "cancel_requested")


@router.post("/{run_id}/pause", status_code=202)
async def pause(
    run_id: RunId,
    person: Operator,
    desk: DeskHere,
    body: Why | None = None,
    asked: InTenant = None,
) -> ControlAsked:
    """Ask a run to stand still, with those that it called.

    What was asked for finishes; its deadline waits.
    """
    run = await _open_run(desk, person, run_id, asked, "pause")
    said = await ask(desk, person, run, RunPauseRequested, _reason(body))
    return _asked(said, "pause_requested")


@router.post("/{run_id}/resume", status_code=202)
async def resume(
    run_id: RunId,
    person: Operator,
    desk: DeskHere,
    body: Why | None = None,
    asked: InTenant = None,
) -> ControlAsked:
    """Let a run go on that a person had paused, with the runs that it called.

    An order for more than it stays in force.
    """
    run = await _open_run(desk, person, run_id, asked, "resume")
    check_resumable(run)
    said = await ask(desk, person, run, RunResumeRequested, _reason(body))
    return _asked(said, "resume_requested")


@router.post("/{run_id}/input", status_code=202)
async def give_input(
    run_id: RunId, new: NewInput, person: Operator, desk: DeskHere, asked: InTenant = None
) -> InputAnswer:
    """Give a run more input. Tells what became of it, if that is soon."""
    run = await _open_run(desk, person, run_id, asked, "add to")
    assert run.submitted is not None, "an open run was submitted"
    given = InputSubmitted(
        text=new.text,
        policy=new.policy,
        user=new.user or person.principal,
        principal=person.principal,
        nonce=secrets.token_hex(NONCE_BYTES),
    )
    said = await desk.bus.say(run.submitted, given)
    outcome, reason = await _outcome(desk, said)
    return InputAnswer(
        tenant=run.tenant,
        run_id=run.run_id,
        input_id=said.id,
        sequence=said.sequence,
        outcome=outcome,
        reason=reason,
    )


async def _open_run(desk: Desk, person: Person, run_id: str, asked: str | None, verb: str) -> Run:
    run = await desk.run(await desk.tenant_of(person, run_id, asked), run_id)
    if run.submitted is None or run.end is not None:
        raise Conflict(f"the run is {run.status}", run_id, f"there is nothing left to {verb}")
    return run


def check_resumable(run: Run) -> None:
    """Refuse what would not let it go on.

    Raises:
        Conflict: it stands still because of something else than what was asked of it.
    """
    scope = run.pause.paused.body.scope if run.pause is not None else "run"
    parent = run.parent_standing
    if scope == "parent" and parent is not None and not run.is_asked_to_pause:
        above = parent.body.parent_run_id
        raise Conflict(
            f"it stands still because run {above}, which called it, does",
            run.run_id,
            f"let that one go on: interlock runs resume {above}",
        )
    if scope != "run" and not run.is_asked_to_pause:
        raise Conflict(
            f"it stands still because of an order for its {scope}",
            run.run_id,
            "see: interlock runs orders",
        )


async def ask(
    desk: Desk, person: Person, run: Run, request: Request, reason: str
) -> Fact[RunRequest]:
    """Say what a person asks of an open run."""
    assert run.submitted is not None, "an open run was submitted"
    nonce = secrets.token_hex(NONCE_BYTES)
    body = request(principal=person.principal, reason=reason, nonce=nonce)
    return await desk.bus.say(run.submitted, body)


def _asked(said: Fact[RunRequest], status: str) -> ControlAsked:
    return ControlAsked(
        tenant=said.tenant, run_id=said.run_id, sequence=said.sequence, status=status
    )


def _reason(why: Why | None) -> str:
    return why.reason if why else ""


async def _outcome(desk: Desk, said: Fact[InputSubmitted]) -> Became:
    """What became of an input within the time that we wait."""
    reached: Became = RECORDED

    def is_settled(facts: list[Fact[Body]]) -> bool | None:
        nonlocal reached
        reached = _became(said, facts)
        return None if reached in (RECORDED, WAITING) else True

    await desk.became(said, is_settled)
    return reached


def _became(said: Fact[InputSubmitted], facts: list[Fact[Body]]) -> Became:
    """How far an input has come."""
    reached = RECORDED
    causes = {said.id}
    for fact in facts:
        if fact.cause_id not in causes:
            continue
        causes.add(fact.id)
        match fact.body:
            case InputTaken(step=step):
                return "taken", f"shown from step {step} on"
            case InputRefused(rule=rule, reason=reason):
                return f"refused: {rule}", reason
            case InputCleared():
                reached = WAITING
    return reached
