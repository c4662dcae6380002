"""The part of the fold that takes orders: pause, resume, more input, the end of a parent."""

from typing import cast

from ..control import (
    InputRefused,
    InputSubmitted,
    InputTaken,
    RunCancelRequested,
    RunParentEnded,
    RunPaused,
    RunPauseRequested,
    RunResumed,
    RunResumeRequested,
)
from ..envelope import Fact
from ..guardrail import InputBlocked, InputCleared
from ..shape import Body
from .state import Input, Pause, PauseAsked, Run

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
)


def take_control(run: Run, fact: Fact[Body]) -> None:
    """Take one fact of the kinds in `CONTROL`."""
    match fact.body:
        case RunCancelRequested():
            run.cancel = run.cancel or cast("Fact[RunCancelRequested]", fact)
        case RunParentEnded():
            run.parent_ended = run.parent_ended or cast("Fact[RunParentEnded]", fact)
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
