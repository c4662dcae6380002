"""How a run stands still: its pauses, and the waits of runs that it called."""

from dataclasses import dataclass

from ..control import (
    RunChildStoodStill,
    RunChildWentOn,
    RunParentPaused,
    RunParentResumed,
    RunPaused,
    RunPauseRequested,
    RunResumed,
    RunResumeRequested,
)
from ..envelope import Fact

PauseAsked = Fact[RunPauseRequested] | Fact[RunResumeRequested]
ParentStanding = Fact[RunParentPaused] | Fact[RunParentResumed]


@dataclass(slots=True)
class Pause:
    """One standstill of a run."""

    paused: Fact[RunPaused]
    resumed: Fact[RunResumed] | None = None


@dataclass(slots=True)
class ChildWait:
    """One standstill of a run that this one called."""

    began: Fact[RunChildStoodStill]
    ended: Fact[RunChildWentOn] | None = None
