"""The part of the fold that takes orders: pause, resume, more input, and how its kin stands."""

from typing import cast

from ..control import (
    InputRefused,
    InputSubmitted,
    InputTaken,
    RunCancelRequested,
    RunChildStoodStill,
    RunChildWentOn,
    RunParentEnded,
    RunParentPaused,
    RunParentResumed,
    RunPaused,
    RunPauseRequested,
    RunResumed,
    RunResumeRequested,
)
from ..envelope import Fact
from ..guardrail import InputBlocked, InputCleared
from ..shape import Body
from .standing import ChildWait, ParentStanding, Pause, PauseAsked
from .state import Input, Run, Try

CONTROL = (
    InputSubmitted,
    InputCleared,
    InputBlocked,
    InputTaken,
    InputRefused,
    RunPauseRequested,
    RunResumeRequested,
    RunPaused,
    RunResumed,
    RunCancelRequested,
    RunParentEnded,
    RunParentPaused,
    RunParentResumed,
    RunChildStoodStill,
    RunChildWentOn,
)


def take_control(run: Run, fact: Fact[Body]) -> None:
    """Take one fact of the kinds in `CONTROL`."""
    match fact.body:
        case RunCancelRequested():
            run.cancel = run.cancel or cast("Fact[RunCancelRequested]", fact)
        case RunParentEnded():
            run.parent_ended = run.parent_ended or cast("Fact[RunParentEnded]", fact)
        case RunParentPaused() | RunParentResumed():
            _take_parent_standing(run, cast("ParentStanding", fact))
        case RunChildStoodStill() | RunChildWentOn():
            _take_child_wait(run, fact)
        case RunPauseRequested() | RunResumeRequested():
            run.pause_asked = cast("PauseAsked", fact)
        case RunPaused() if run.pause is None:
            run.pauses.append(Pause(cast("Fact[RunPaused]", fact)))
            run.places[fact.id] = run.pauses[-1]
        case RunResumed() if isinstance(pause := run.places.get(fact.cause_id), Pause):
            pause.resumed = pause.resumed or cast("Fact[RunResumed]", fact)
        case InputSubmitted() if fact.cause_id == run.root:
            run.inputs.append(Input(cast("Fact[InputSubmitted]", fact)))
            run.places[fact.id] = run.inputs[-1]
        case _:
            _take_input(run, fact)


def _take_parent_standing(run: Run, fact: ParentStanding) -> None:
    """The newest pause of the parent counts; what ends it may be told before it is."""
    if run.parent_standing is None or _rank(fact) > _rank(run.parent_standing):
        run.parent_standing = fact


def _rank(fact: ParentStanding) -> tuple[int, bool]:
    return fact.body.number, isinstance(fact.body, RunParentResumed)


def _take_child_wait(run: Run, fact: Fact[Body]) -> None:
    place = run.places.get(fact.cause_id)
    match place, fact.body:
        case Try() as each, RunChildStoodStill(call=call, attempt=attempt):
            asked = each.request.body
            if (asked.call, asked.attempt) != (call, attempt):
                return
            wait = ChildWait(cast("Fact[RunChildStoodStill]", fact))
            run.child_waits.append(wait)
            run.places[fact.id] = wait
        case ChildWait() as wait, RunChildWentOn():
            wait.ended = wait.ended or cast("Fact[RunChildWentOn]", fact)


def _take_input(run: Run, fact: Fact[Body]) -> None:
    given = run.places.get(fact.cause_id)
    if not isinstance(given, Input):
        return
    match fact.body:
        case InputCleared() | InputBlocked() if given.verdict is None:
            given.verdict = cast("Fact[InputCleared]", fact)
            run.places[fact.id] = given
        case InputTaken() | InputRefused() if given.end is None:
            given.end = cast("Fact[InputTaken]", fact)
