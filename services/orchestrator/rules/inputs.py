"""Follow-up input to a run under way: when it is shown to the model, and when it is refused.

`reject` gives way while the run works; while it waits for people alone, the input is taken for its
next step. `enqueue` waits for the answer, and is shown in its place. `interrupt` comes before the
next step and calls off what nobody has begun; what was begun is waited for. `rollback` does the
same, and takes back what came since the task (see `contracts/history/shown.py`). Where no step is
left to take, an input cannot hold up the end.
"""

from collections.abc import Iterator

from contracts.control import INPUTS_LIMIT, InputPolicy, InputRefused, InputTaken
from contracts.guardrail import InputBlocked, InputCleared
from contracts.history import Call, Input, Run, told

from .moves import Say

URGENT: tuple[InputPolicy, ...] = ("interrupt", "rollback")
BEFORE_ANSWER: tuple[InputPolicy, ...] = ("enqueue", *URGENT)


def refuse_inputs(run: Run) -> tuple[Say, ...]:
    """Refusals of all inputs that can change nothing."""
    return tuple(_refusals(run))


def take_inputs(run: Run, policies: tuple[InputPolicy, ...]) -> tuple[Say, ...]:
    """Show the inputs of these policies from the next step on."""
    step = len(run.steps) + 1
    return tuple(
        Say(given.verdict.id, InputTaken(policy=given.submitted.body.policy, step=step))
        for given in _waiting(run, policies)
        if given.verdict is not None
    )


def is_interrupted(run: Run) -> bool:
    """Whether an input does not let the current step go on."""
    return has_room(run) and bool(_waiting(run, URGENT) or _taken_next(run, URGENT))


def goes_on(run: Run) -> bool:
    """Whether an input was taken for a step that was not asked for yet."""
    return has_room(run) and bool(_taken_next(run, ("reject", *BEFORE_ANSWER)))


def has_room(run: Run) -> bool:
    """Whether another step may be taken."""
    return run.started is not None and run.steps_taken < run.started.body.limits.steps


def is_busy(run: Run) -> bool:
    """Whether anything but people is at work on a step."""
    step = run.step
    if step is None:
        return False
    open_calls = [call for call in step.calls if told(call) is None]
    return not open_calls or not all(_asks_people(call) for call in open_calls)


def _refusals(run: Run) -> Iterator[Say]:
    for number, given in enumerate(run.inputs, start=1):
        if given.end is not None:
            continue
        verdict = given.verdict
        if run.end is not None:
            reason = f"the run is {run.status}; submit a task that continues it"
            yield Say(given.submitted.id, InputRefused(rule="run_over", reason=reason))
        elif number > INPUTS_LIMIT:
            reason = f"a run takes {INPUTS_LIMIT} inputs at most"
            yield Say(given.submitted.id, InputRefused(rule="too_many", reason=reason))
        elif verdict is not None and isinstance(verdict.body, InputBlocked):
            reason = f"{verdict.body.rule}: {verdict.body.reason}"
            yield Say(verdict.id, InputRefused(rule="blocked", reason=reason))
        elif verdict is not None and given.submitted.body.policy == "reject" and is_busy(run):
            reason = f"step {len(run.steps)} is under way; send it with another policy, or later"
            yield Say(verdict.id, InputRefused(rule="busy", reason=reason))


def _waiting(run: Run, policies: tuple[InputPolicy, ...]) -> list[Input]:
    """Inputs that were cleared, and that nothing has become of."""
    return [
        given
        for given in run.inputs[:INPUTS_LIMIT]
        if given.end is None
        and given.verdict is not None
        and isinstance(given.verdict.body, InputCleared)
        and given.submitted.body.policy in policies
    ]


def _taken_next(run: Run, policies: tuple[InputPolicy, ...]) -> list[InputTaken]:
    ends = (given.end.body for given in run.inputs if given.end is not None)
    taken = (one for one in ends if isinstance(one, InputTaken))
    return [one for one in taken if one.step == len(run.steps) + 1 and one.policy in policies]


def _asks_people(call: Call) -> bool:
    review = call.last.review if call.last is not None else None
    return review is not None and review.decided is None
