"""What to do about the end of a run: the next command, and what it is good for."""

from collections.abc import Mapping

from contracts.control import RunCancelRequested
from contracts.envelope import Fact
from contracts.history import Run
from contracts.run import FailureRule, RunCancelled, RunFailed
from services.console.rules.record.content import Recorded


class Next(Recorded):
    """One thing to do."""

    command: str
    what: str


# By the rule that failed it. RUN, STEP and AGENT are filled in.
REMEDIES: Mapping[FailureRule, tuple[str, str]] = {
    "task_blocked": ("interlock agents show AGENT", "see which input checks it asks for"),
    "unknown_agent": ("interlock agents list", "see which agents there are"),
    "step_ceiling": (
        "interlock runs show RUN --step STEP",
        "see what it still wanted; limits.steps of the agent is the ceiling",
    ),
    "money_ceiling": (
        "interlock cost report --by run,model",
        "see what used the budget up; then submit again with --budget-usd, or raise its cap",
    ),
    "deadline_passed": ("interlock traces show RUN", "see where the time went"),
    "model_failed": (
        "interlock runs fork RUN --step STEP --model ALIAS",
        "try the same step with another model, touching nothing",
    ),
    "model_refused": (
        "interlock runs fork RUN --step STEP --instructions-file FILE",
        "try the same step with other instructions, touching nothing",
    ),
    "answer_blocked": (
        "interlock runs show RUN --prompt STEP",
        "see what the model had to go by when it wrote the answer",
    ),
    "unsupported_version": ("interlock doctor", "see which release runs"),
    "step_deadline_passed": ("interlock traces show RUN", "see where the time went"),
    "context_exceeded": (
        "interlock agents show AGENT",
        "see its context policy, and choose one that makes room",
    ),
    "stopped": ("interlock runs orders", "see which order stops it, and who gave it"),
    "lineage_unreadable": (
        "interlock runs show RUN",
        "see which run it was to go on from; what counts of that can be the input of a new one",
    ),
    "not_admitted": ("interlock runs list --counts", "see what is open, and try later"),
}


def remedies_of(run: Run) -> tuple[Next, ...]:
    """What a person may do next, the best first."""
    asked = _asked(run) if run.end is not None else []
    return tuple(_filled(run, *one) for one in (*asked, *_found(run)))


def _found(run: Run) -> list[tuple[str, str]]:
    look = ("interlock runs show RUN --step STEP", "see its last step whole")
    match run.end:
        case Fact(body=RunFailed(rule=rule)):
            best = REMEDIES[rule]
            return [best] if not run.steps or best[0] == look[0] else [best, look]
        case Fact(body=RunCancelled()):
            return _cancelled(run)
        case None:
            return _open(run)
        case _:
            return [look] if run.steps else []


def _cancelled(run: Run) -> list[tuple[str, str]]:
    if run.parent_ended is not None:
        parent = run.parent_ended.body.parent_run_id
        return [(f"interlock runs show {parent} --why", "see why the run above it ended")]
    if run.cancel is not None and isinstance(run.cancel.body, RunCancelRequested):
        return [("interlock runs proof RUN", "see what it had touched by then")]
    return [
        ("interlock runs orders", "see whether an order stops it"),
        ("interlock reviews list", "see which questions wait, before they expire"),
    ]


def _open(run: Run) -> list[tuple[str, str]]:
    if run.pause is not None:
        scope = run.pause.paused.body.scope
        own = ("interlock runs resume RUN", "let it go on")
        parent = run.parent_standing
        if scope == "parent" and parent is not None:
            above = parent.body.parent_run_id
            return [(f"interlock runs resume {above}", "let the run that called it go on")]
        return (
            [own] if scope == "run" else [("interlock runs orders", f"see who paused its {scope}")]
        )
    if asked := _asked(run):
        return asked
    if run.started is None:
        return [("interlock runs list --counts", "see what is open before it")]
    return [("interlock runs watch RUN", "follow it until it ends")]


def _asked(run: Run) -> list[tuple[str, str]]:
    return [
        (f"interlock reviews show RUN.{one.requested.body.review_id}", "see what is asked")
        for one in run.open_reviews
    ]


def _filled(run: Run, command: str, what: str) -> Next:
    agent = run.submitted.body.agent if run.submitted is not None else "AGENT"
    named = {"RUN": run.run_id, "STEP": str(len(run.steps)), "AGENT": agent}
    words = [_named(word, named) for word in command.split(" ")]
    return Next(command=" ".join(words), what=what)


def _named(word: str, named: Mapping[str, str]) -> str:
    """A word of a command; a review is named by its run, a dot and its own name."""
    head, dot, rest = word.partition(".")
    return named.get(head, head) + dot + rest
