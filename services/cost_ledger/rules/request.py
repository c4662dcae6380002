"""What a request for money asks for, as the run knows it."""

from dataclasses import dataclass

from contracts.agent import Agent
from contracts.envelope import Fact
from contracts.history import Attempt, Run
from contracts.history.waiting import deferred_until
from contracts.model import ModelAttemptRequested, ModelRequested, Route
from contracts.money import ModelUnfunded
from contracts.run import ParentBudget
from contracts.shape import Body

ModelRequest = ModelRequested | ModelAttemptRequested


@dataclass(frozen=True, slots=True)
class Request:
    """One attempt that wants a hold. `route` is None where any route of the alias will do.

    `parents` are the runs above its own, from the top: whatever a child may spend, they pay too.
    """

    id: str
    tenant: str
    run_id: str
    step: int
    attempt: int
    alias: str
    route: Route | None
    prompt_bytes: int
    max_output_tokens: int
    agent: Agent
    run_cap_micro_usd: int
    customer: str | None
    feature: str | None
    parents: tuple[ParentBudget, ...] = ()


def open_request(run: Run, fact: Fact[ModelRequest]) -> Request | ModelUnfunded:
    """The request, if it is still the work that its run waits for; else why it gets no money."""
    attempt = run.places.get(fact.id)
    if run.started is None:
        return unfunded(fact.body, "the run has not started")
    if run.end is not None or run.cancel is not None:
        return unfunded(fact.body, "the run has ended, or is being cancelled")
    step = run.step
    if step is None or not isinstance(attempt, Attempt) or attempt is not step.last_attempt:
        return unfunded(fact.body, "another request took its place")
    if step.outcome is not None:
        return unfunded(fact.body, "its step has an outcome already")
    asked, limits, body = step.requested.body, run.started.body.limits, fact.body
    task = run.submitted.body if run.submitted else None
    return Request(
        id=fact.id,
        tenant=fact.tenant,
        run_id=fact.run_id,
        step=step.number,
        attempt=attempt.number,
        alias=asked.alias,
        route=body.route if isinstance(body, ModelAttemptRequested) else None,
        prompt_bytes=asked.prompt_bytes,
        max_output_tokens=asked.max_output_tokens,
        agent=run.started.body.agent,
        run_cap_micro_usd=limits.budget_micro_usd,
        customer=task.customer if task else None,
        feature=task.feature if task else None,
        parents=run.started.body.parents,
    )


def is_deferred(run: Run, fact: Fact[Body]) -> bool:
    """Whether this request waits for its time: until then no money is set aside for it."""
    attempt = run.places.get(fact.id)
    return isinstance(attempt, Attempt) and deferred_until(attempt) is not None


def has_verdict(run: Run, fact: Fact[Body]) -> bool:
    """Whether the log has the answer to this request already."""
    attempt = run.places.get(fact.id)
    return isinstance(attempt, Attempt) and attempt.verdict is not None


def unfunded(body: ModelRequest, reason: str) -> ModelUnfunded:
    """The refusal of a request that nobody waits for any more."""
    return ModelUnfunded(step=body.step, attempt=body.attempt, rule="run_not_open", reason=reason)
