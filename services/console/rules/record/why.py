"""Why a run ended as it did: from the end back to the fact that decided it, and on to the task."""

from collections.abc import Iterator
from datetime import datetime
from typing import cast

from pydantic import Field

from contracts.envelope import Fact
from contracts.guardrail import TaskCleared, Verdict
from contracts.history import Run, Status, Step
from contracts.history.approval import moment_of
from contracts.model import ModelFailed, ModelResponded
from contracts.money import ModelUnfunded
from contracts.run import RunCancelled, RunCompleted, RunFailed
from contracts.shape import Body
from services.console.rules.record.amounts import dollars
from services.console.rules.record.awaited import awaited
from services.console.rules.record.binding import lets_through, reasons_of, unfunded
from services.console.rules.record.content import Recorded
from services.console.rules.record.remedies import Next, remedies_of

LINKS_LIMIT = 40  # the newest; a run of a thousand refusals is read as a timeline


class Link(Recorded):
    """One fact on the way back from the end."""

    sequence: int
    at: datetime
    type: str
    step: int | None
    said: str
    decides: bool = Field(description="It is the one that made the run end so")


class Why(Recorded):
    """Why a run ended as it did, or what it waits for."""

    run_id: str
    status: Status
    verdict: str = Field(description="The whole of it in a sentence")
    rule: str | None
    otherwise: str = Field(description='What would have changed it; "" where it completed')
    chain: tuple[Link, ...] = Field(description="From the end backwards")
    left_out: int = Field(description="Older links beyond the limit")
    next: tuple[Next, ...]


Told = tuple[Fact[Body], str, int | None]  # a fact, what it says, its step
Deciding = tuple[Fact[Body] | None, str, str]  # the fact, what it says, what would change it


def why(run: Run) -> Why:
    """Why the run is as it is."""
    deciding, said, otherwise = _deciding(run)
    links = _links(run, deciding, said)
    return Why(
        run_id=run.run_id,
        status=run.status,
        verdict=_verdict(run, said),
        rule=_rule(run),
        otherwise=otherwise,
        chain=tuple(links[:LINKS_LIMIT]),
        left_out=max(0, len(links) - LINKS_LIMIT),
        next=remedies_of(run),
    )


def _verdict(run: Run, said: str) -> str:
    match run.end:
        case Fact(body=RunCompleted(steps=steps)):
            return f"It completed after {_steps(steps)}, for {dollars(run.cost_micro_usd)}. {said}"
        case Fact(body=RunFailed(rule=rule)):
            return f"It failed by {rule}. {said}"
        case Fact(body=RunCancelled(principal=principal)):
            return f"It was cancelled by {principal}. {said}"
        case _:
            return said


def _rule(run: Run) -> str | None:
    end = run.end.body if run.end is not None else None
    return end.rule if isinstance(end, RunFailed) else None


def _deciding(run: Run) -> Deciding:
    match run.end:
        case Fact(body=RunCompleted()):
            return _completed(run)
        case Fact(body=RunFailed()) as end:
            return _failed(run, cast("Fact[RunFailed]", end))
        case Fact(body=RunCancelled()) as end:
            return _cancelled(run, cast("Fact[RunCancelled]", end))
        case _:
            return _open(run)


def _completed(run: Run) -> Deciding:
    verdict = run.answer.verdict if run.answer is not None else None
    said = verdict.body if verdict is not None else None
    if not isinstance(said, Verdict):
        return None, "Its answer left.", ""
    return verdict, f"The gate let its answer go ({said.rule} of {said.policy_version}).", ""


def _failed(run: Run, end: Fact[RunFailed]) -> Deciding:
    last = run.step
    verdict = last.last_attempt.verdict if last is not None else None
    match end.body.rule:
        case "money_ceiling" if verdict is not None and isinstance(verdict.body, ModelUnfunded):
            found = unfunded(verdict)
            return verdict, found.sentence, found.otherwise
        case "task_blocked" | "unknown_agent" if run.verdict is not None:
            return _blocked(run.verdict, "The task was refused")
        case "answer_blocked" if run.answer is not None and run.answer.verdict is not None:
            return _blocked(run.answer.verdict, "Its answer was withheld")
        case "step_ceiling" | "deadline_passed" if run.started is not None:
            return run.started, _limit_said(run), _limit(run, end.body)
        case "model_failed" | "model_refused" if last is not None:
            return _by_the_model(run, last, end)
        case _:
            return end, _sentence(end.body.reason), _limit(run, end.body)


def _blocked(fact: Fact[Body], what: str) -> Deciding:
    said = fact.body
    assert isinstance(said, Verdict), f"{fact.type} is no verdict"
    otherwise = lets_through("text", said.rule, said.policy_version)
    return fact, f"{what}: {_sentence(said.reason)}", otherwise


def _by_the_model(run: Run, step: Step, end: Fact[RunFailed]) -> Deciding:
    """The reasons of the failure may quote the model, so they are told by what it stopped for."""
    match step.outcome:
        case Fact(body=ModelFailed(failure=failure)) as fact:
            tried = len(step.attempts)
            said = f"No attempt of {tried} was answered; the last: {failure.kind}, {failure.reason}"
            return fact, _sentence(said), "another route of the alias, or a provider that is up"
        case Fact(body=ModelResponded()) as fact:
            [*_, found] = reasons_of(run, step) or (None,)
            otherwise = found.otherwise if found is not None else "an answer with words in it"
            raw = fact.body.stop.raw or fact.body.stop.kind
            what = "refused" if end.body.rule == "model_refused" else "had nothing to say"
            return fact, f"The model {what} (it stopped with {raw}).", otherwise
        case _:
            return end, _sentence(end.body.reason), _limit(run, end.body)


def _limit_said(run: Run) -> str:
    """A limit that was pinned at the start, and was reached."""
    assert run.started is not None, "only a started run has limits"
    limits, ends = run.started.body.limits, run.started.body.deadline
    if _rule(run) == "step_ceiling":
        return f"It was started with at most {_steps(limits.steps)}, and they are used up."
    return f"It was started to end by {ends:%H:%M:%S} UTC; waits for people do not count."


def _limit(run: Run, failed: RunFailed) -> str:
    """What would have changed an end that a limit brought."""
    started = run.started.body if run.started is not None else None
    match failed.rule:
        case "step_ceiling" if started is not None:
            return f"more than {_steps(started.limits.steps)} in limits.steps of the agent"
        case "deadline_passed" if started is not None:
            return f"an end by {started.deadline:%H:%M:%S} UTC, or a later limits.deadline"
        case "step_deadline_passed":
            return "a model that answers sooner, or more limits.step_seconds"
        case "context_exceeded":
            return "a model that takes more, or a context policy that leaves out more"
        case "stopped":
            return "no such order: interlock runs resume lifts it"
        case _:
            return "another task, agent or release"


def _cancelled(run: Run, end: Fact[RunCancelled]) -> Deciding:
    if run.parent_ended is not None and run.parent_ended.sequence < end.sequence:
        said = run.parent_ended.body
        what = f"The run {said.parent_run_id}, which called it, has {said.status}."
        return run.parent_ended, what, "a run above it that goes on"
    if run.cancel is not None and run.cancel.sequence < end.sequence:
        asked = run.cancel.body
        why_ = f": {asked.reason}" if asked.reason else ", and gave no reason"
        return run.cancel, f"{asked.principal} asked for its end{why_}.", "no such request"
    expired = (one.decided for one in run.reviews if one.decided is not None)
    last = next((one for one in expired if one.body.outcome == "expired"), None)
    if last is not None:
        return last, _sentence(end.body.reason), "an answer in time, or another default"
    return end, _sentence(end.body.reason), "no such order: interlock runs resume lifts it"


def _open(run: Run) -> Deciding:
    if run.submitted is None:
        return run.tombstone, "It is not in the log any more, but for its tombstone.", ""
    if run.pause is not None:
        said = run.pause.paused
        return said, f"It stands still, by {said.body.principal}.", "being resumed"
    if run.queued is not None and run.started is None:
        return run.queued, _sentence(run.queued.body.reason), "room for it"
    if run.step is not None:
        asked = run.open_reviews[0].requested if run.open_reviews else None
        return asked, f"It waits for {awaited(run, run.step)}.", ""
    return None, "It waits to be judged and started.", ""


def _links(run: Run, deciding: Fact[Body] | None, said: str) -> list[Link]:
    """Every fact that bound the run, the newest first, each once."""
    found: dict[int, Told] = {}
    for fact, told, step in (*_frame(run), *_bound(run)):
        found.setdefault(fact.sequence, (fact, told, step))
    if deciding is not None:
        step = found.get(deciding.sequence, (deciding, "", None))[2]
        found[deciding.sequence] = (deciding, said, step)
    return [
        Link(
            sequence=fact.sequence,
            at=moment_of(fact),
            type=fact.type,
            step=step,
            said=told,
            decides=deciding is not None and fact.sequence == deciding.sequence,
        )
        for _, (fact, told, step) in sorted(found.items(), reverse=True)
    ]


def _frame(run: Run) -> Iterator[Told]:
    """What every run has: its task, its start, its answer, its end."""
    if run.submitted is not None:
        yield run.submitted, f"{run.submitted.body.agent} was asked.", None
    if run.verdict is not None and not isinstance(run.verdict.body, TaskCleared):
        yield run.verdict, _sentence(run.verdict.body.reason), None
    if run.started is not None:
        limits = run.started.body.limits
        budget = dollars(limits.budget_micro_usd)
        yield run.started, f"Started: at most {limits.steps} steps and {budget}.", None
    if run.answer is not None:
        step = run.answer.proposed.body.step
        yield run.answer.proposed, "The model had its answer ready.", step
    if run.end is not None:
        yield run.end, f"It ended as {run.status}.", None


def _bound(run: Run) -> Iterator[Told]:
    """What bound each step, and the fact that says so."""
    for step in run.steps:
        facts = {fact.sequence: fact for fact in _facts(run, step)}
        for reason in reasons_of(run, step):
            if reason.sequence in facts:
                yield facts[reason.sequence], reason.sentence, step.number


def _facts(run: Run, step: Step) -> Iterator[Fact[Body]]:
    """The facts of a step that may bind it."""
    yield from (one for one in run.compactions if one.body.step == step.number)
    yield from (one for given in run.inputs for one in (given.verdict, given.end) if one)
    yield from (one for one in (step.outcome, run.verdict) if one)
    for attempt in step.attempts:
        yield from (one for one in (attempt.request, attempt.verdict) if one)
    for call in step.calls:
        yield from (one for one in (call.result,) if one)
        for each in call.tries:
            yield from (one for one in (each.verdict, each.outcome) if one)
            if each.review is not None:
                yield from (
                    *each.review.answers,
                    *([each.review.decided] if each.review.decided else []),
                )
    if run.answer is not None and run.answer.verdict is not None:
        yield run.answer.verdict


def _steps(count: int) -> str:
    return f"{count} step{'' if count == 1 else 's'}"


def _sentence(text: str) -> str:
    """A reason as a sentence."""
    words = text.strip() or "no reason was given"
    return words[0].upper() + words[1:] + ("" if words.endswith((".", "!", "?")) else ".")
