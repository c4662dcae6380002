"""Sentences about runs that stand still: by themselves, or with the runs above and below them."""

from contracts.control import (
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
from contracts.run import RunQueued
from contracts.shape import Body


def standing(body: Body) -> str | None:
    """What a fact says of a run that stands still or goes on, or of its kin that does."""
    match body:
        case RunPauseRequested(principal=principal, reason=reason):
            return f"{principal} wants it to stand still" + (f": {reason}" if reason else "")
        case RunResumeRequested(principal=principal, reason=reason):
            return f"{principal} wants it to go on" + (f": {reason}" if reason else "")
        case RunPaused(scope=scope, principal=principal, reason=reason):
            whose = {"run": "", "parent": ", with the run that called it"}.get(
                scope, f", with its whole {scope}"
            )
            return f"stands still{whose}, by {principal}" + (f": {reason}" if reason else "")
        case RunResumed(principal=principal, reason=reason):
            return f"goes on, by {principal}" + (f": {reason}" if reason else "")
        case RunQueued(rule=rule, reason=reason):
            return f"waits to start [{rule}: {reason}]"
        case _:
            return _kin(body)


def _kin(body: Body) -> str | None:
    match body:
        case RunParentEnded(parent_run_id=parent, status=status, reason=reason):
            return f"run {parent}, which called it, has {status}: {reason}"
        case RunParentPaused(parent_run_id=parent, principal=principal):
            return f"run {parent}, which called it, was paused by {principal}"
        case RunParentResumed(parent_run_id=parent, principal=principal):
            return f"run {parent}, which called it, goes on, by {principal}"
        case RunChildStoodStill(reason=reason):
            return f"its deadline stands still: {reason}"
        case RunChildWentOn(child_run_id=child):
            return f"run {child} goes on, and so does its deadline"
        case _:
            return None
