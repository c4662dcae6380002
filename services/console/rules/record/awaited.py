"""What an open step, or an open run, waits for."""

from contracts.guardrail import ToolCleared
from contracts.history import Call, Run, Step, told
from contracts.history.pricing import price_micro_usd
from contracts.history.waiting import end_of
from contracts.money import ModelUnfunded


def awaited(run: Run, step: Step) -> str:
    """Who is to speak next in a step, in words; "" where it is over."""
    if run.end is not None or step.number < len(run.steps):
        return ""
    if run.pause is not None:
        return f"{run.pause.paused.body.principal} to let it go on"
    if step.outcome is None:
        return _model(step)
    open_calls = [call for call in step.calls if told(call) is None]
    if open_calls:
        return "; ".join(dict.fromkeys(_call(run, call) for call in open_calls))
    if run.answer is not None:
        gate = run.answer.verdict is None
        return "the gate, to judge the answer" if gate else "the orchestrator, to end the run"
    return "the orchestrator, to ask for the next step"


def _model(step: Step) -> str:
    attempt = step.last_attempt
    if attempt.verdict is None:
        return f"the ledger, to hold money for attempt {attempt.number}"
    if isinstance(attempt.verdict.body, ModelUnfunded):
        return "the orchestrator, to end the run"
    if attempt.claim is None:
        return f"the router, to dispatch attempt {attempt.number}"
    return f"the model, to answer attempt {attempt.number}"


def _call(run: Run, call: Call) -> str:
    name, last = f"call {call.name}, {call.part.name}", call.last
    if last is None:
        return f"the orchestrator, to ask for {name}"
    if last.review is not None and last.review.decided is None:
        quorum = last.review.requested.body.quorum
        people = f"{quorum} of " if quorum > 1 else ""
        return f"{people}{', '.join(last.review.roles)}, to answer about {name}"
    if last.verdict is None:
        return f"the gate, to judge {name}"
    if last.outcome is not None:
        return f"the gate, to judge the result of {name}"
    is_cleared = isinstance(last.verdict.body, ToolCleared)
    if is_cleared and last.funding is None and price_micro_usd(run, call.part.name):
        return f"the ledger, to hold the price of {name}"
    claim = last.claim.body if last.claim is not None else None
    if claim is not None and claim.child_run_id is not None:
        return _child(run, claim.child_run_id, name)
    return f"the executor, to {'finish' if last.claim is not None else 'run'} {name}"


def _child(run: Run, child: str, name: str) -> str:
    """A run that answers a call, and what that waits for itself."""
    waits = [one for one in run.child_waits if end_of(run, one) is None]
    reasons = [one.began.body.reason for one in waits if one.began.body.child_run_id == child]
    why = f" ({'; '.join(dict.fromkeys(reasons))})" if reasons else ""
    return f"run {child}, to answer {name}{why}"
