"""The spans of single pieces of work: each is closed by the fact that tells its outcome."""

from dataclasses import dataclass, field, replace
from typing import cast

from contracts.envelope import Fact
from contracts.evaluation import AssertionResult, RunEvaluated
from contracts.guardrail import Verdict
from contracts.history import Run
from contracts.model import (
    ModelAttemptDue,
    ModelAttemptRequested,
    ModelClaimed,
    ModelFailed,
    ModelResponded,
    Route,
    attempt_key,
)
from contracts.money import ModelFunded, ModelUnfunded, MoneySettled
from contracts.review import ReviewDecided, ReviewRequested
from contracts.shape import Body
from contracts.subjects import kind_of
from contracts.tool import ToolClaimed, ToolFailed, ToolRequested, ToolSucceeded, ToolUnknown
from shared.telemetry import semconv

from .capture import NOTHING, Capture
from .context import context_of, span_id_of
from .shape import Attributes, EventShape, Kind, SpanShape, nanoseconds


@dataclass
class Known:
    """What earlier facts of the run tell about later ones."""

    run: Run
    capture: Capture = NOTHING
    facts: dict[str, Fact[Body]] = field(default_factory=dict)
    model_claims: dict[str, Fact[ModelClaimed]] = field(default_factory=dict)
    tool_claims: dict[str, Fact[ToolClaimed]] = field(default_factory=dict)
    calls: dict[tuple[str, int], ToolRequested] = field(default_factory=dict)
    questions: dict[str, Fact[ReviewRequested]] = field(default_factory=dict)
    dues: dict[str, Fact[ModelAttemptDue]] = field(default_factory=dict)

    def take(self, fact: Fact[Body]) -> None:
        """Remember a fact. Of alternatives under one id the first stands."""
        self.facts.setdefault(fact.id, fact)
        match fact.body:
            case ModelClaimed(state="claimed") as claim:
                self.model_claims.setdefault(claim.key, cast("Fact[ModelClaimed]", fact))
            case ToolClaimed(state="claimed") as claim:
                self.tool_claims.setdefault(claim.key, cast("Fact[ToolClaimed]", fact))
            case ModelAttemptDue():
                self.dues.setdefault(fact.cause_id, cast("Fact[ModelAttemptDue]", fact))
            case ToolRequested() as asked:
                self.calls[asked.call, asked.attempt] = asked
            case ReviewRequested(review_id=review_id):
                self.questions.setdefault(review_id, cast("Fact[ReviewRequested]", fact))

    def tool(self, call: str, attempt: int) -> str:
        """The name of the tool of a call."""
        asked = self.calls.get((call, attempt))
        return "unknown" if asked is None else asked.tool


def work_of(fact: Fact[Body], known: Known) -> SpanShape | None:
    """The span that a fact closes, if it closes one."""
    match fact.body:
        case ModelFunded() | ModelUnfunded():
            return _funding(fact, known)
        case ModelResponded() | ModelFailed() | ModelAttemptRequested():
            return _chat(fact, known)
        case MoneySettled():
            return _settlement(fact, known)
        case ToolSucceeded() | ToolFailed() | ToolUnknown():
            return _execution(fact, known)
        case ReviewDecided():
            return _review(fact, known)
        case RunEvaluated():
            return _evaluation(fact, known)
        case Verdict():
            return _check(fact, known)
        case _:
            return None


def _span(
    fact: Fact[Body],
    name: str,
    began: Fact[Body] | None,
    attributes: Attributes,
    *,
    kind: Kind = "internal",
    error: str | None = None,
) -> SpanShape:
    """A span from the moment of one fact to that of another, below what the latter names."""
    place = context_of(fact)
    end = nanoseconds(fact.stored_at or fact.time)
    start = end if began is None else nanoseconds(began.stored_at or began.time)
    return SpanShape(
        name=name,
        service=kind_of(fact.type).owner,
        trace_id=place.trace_id,
        span_id=span_id_of(place.trace_id, fact.id, "work"),
        parent_id=place.span_id,
        start_ns=min(start, end),
        end_ns=end,
        closed_at=fact.sequence,
        kind=kind,
        attributes=attributes if error is None else {**attributes, semconv.ERROR_TYPE: error},
        error=error,
    )


def _funding(fact: Fact[Body], known: Known) -> SpanShape:
    # Nobody worked while it waited for its time.
    began = known.dues.get(fact.cause_id) or known.facts.get(fact.cause_id)
    match fact.body:
        case ModelFunded(step=step, attempt=attempt, amount_micro_usd=amount):
            told = {semconv.STEP: step, semconv.ATTEMPT: attempt, semconv.HOLD: amount}
            return _span(fact, "fund", began, told)
        case _:
            refused = cast("ModelUnfunded", fact.body)
            about: Attributes = {
                semconv.STEP: refused.step,
                semconv.ATTEMPT: refused.attempt,
                semconv.RULE: refused.rule,
            }
            return _span(fact, "fund", began, about, error=refused.rule)


def _chat(fact: Fact[Body], known: Known) -> SpanShape | None:
    body = cast("ModelResponded | ModelFailed | ModelAttemptRequested", fact.body)
    attempt = body.attempt - isinstance(body, ModelAttemptRequested)
    claim = known.model_claims.get(attempt_key(body.step, attempt))
    if claim is None:
        return None  # it was never dispatched: there was no call
    route = _route(body, claim.body)
    about: dict[str, str | int] = {
        semconv.OPERATION_NAME: semconv.CHAT,
        semconv.STEP: body.step,
        semconv.ATTEMPT: attempt,
    }
    if route is not None:
        about[semconv.PROVIDER_NAME] = route.provider
        about[semconv.REQUEST_MODEL] = route.model
    funded = known.facts.get(claim.cause_id)
    if funded is not None and isinstance(funded.body, ModelFunded):
        about[semconv.REQUEST_MAX_TOKENS] = funded.body.max_output_tokens
    name = f"{semconv.CHAT} {'unknown' if route is None else route.model}"
    match body:
        case ModelResponded():
            told = {**about, **_answer(body), **known.capture.answer(body, known.run)}
            return _span(fact, name, claim, told, kind="client")
        case ModelFailed(failure=failure) | ModelAttemptRequested(previous=failure):
            return _span(fact, name, claim, about, kind="client", error=failure.kind)


def _route(
    body: ModelResponded | ModelFailed | ModelAttemptRequested, claim: ModelClaimed
) -> Route | None:
    match body:
        case ModelResponded(served_by=served):
            return served.route
        case ModelFailed(failure=failure) | ModelAttemptRequested(previous=failure):
            return failure.route or claim.route


def _answer(body: ModelResponded) -> Attributes:
    served, usage = body.served_by, body.usage
    named = {
        semconv.RESPONSE_MODEL: served.model_returned,
        semconv.RESPONSE_ID: served.request_id,
    }
    counted = {
        semconv.USAGE_CACHE_READ: usage.cache_read,
        semconv.USAGE_CACHE_CREATION: usage.cache_write_5m + usage.cache_write_1h,
        semconv.USAGE_REASONING: usage.output_reasoning,
    }
    return {
        **{name: value for name, value in named.items() if value is not None},
        **{name: value for name, value in counted.items() if value},
        semconv.RESPONSE_FINISH_REASONS: (body.stop.raw or body.stop.kind,),
        semconv.USAGE_INPUT_TOKENS: usage.input_total,
        semconv.USAGE_OUTPUT_TOKENS: usage.output_total,
    }


def _settlement(fact: Fact[Body], known: Known) -> SpanShape:
    body = cast("MoneySettled", fact.body)
    about: Attributes = {
        semconv.STEP: body.step,
        semconv.ATTEMPT: body.attempt,
        semconv.SETTLEMENT: body.state,
        semconv.HOLD: body.held_micro_usd,
        semconv.COST: body.cost_micro_usd,
    }
    error = "overrun" if body.state == "overrun" else None
    return _span(fact, "settle", known.facts.get(fact.cause_id), about, error=error)


def _execution(fact: Fact[Body], known: Known) -> SpanShape:
    body = cast("ToolSucceeded | ToolFailed | ToolUnknown", fact.body)
    claim = known.tool_claims.get(f"{body.call}-{body.attempt}")
    asked = known.calls.get((body.call, body.attempt))
    tool = known.tool(body.call, body.attempt)
    about: dict[str, str | int] = {
        semconv.OPERATION_NAME: semconv.EXECUTE_TOOL,
        semconv.TOOL_NAME: tool,
        semconv.CALL: body.call,
        semconv.ATTEMPT: body.attempt,
        semconv.OUTCOME: fact.type.removeprefix("tool."),
    }
    if asked is not None:
        about[semconv.TOOL_CALL_ID] = asked.call_id
    if claim is not None and claim.body.child_run_id is not None:
        about[semconv.CHILD_RUN] = claim.body.child_run_id
    told = {**about, **known.capture.call(asked, body)}
    return _span(fact, f"{semconv.EXECUTE_TOOL} {tool}", claim, told, error=_tool_error(body))


def _tool_error(body: ToolSucceeded | ToolFailed | ToolUnknown) -> str | None:
    match body:
        case ToolSucceeded():
            return None
        case ToolFailed(kind=kind):
            return kind
        case ToolUnknown():
            return "unknown"


def _review(fact: Fact[Body], known: Known) -> SpanShape:
    """A moment: nobody worked while a person was waited for."""
    body = cast("ReviewDecided", fact.body)
    question = known.questions.get(body.review_id)
    decided_at = fact.stored_at or fact.time
    about: dict[str, str | tuple[str, ...]] = {
        semconv.DECISION: body.outcome,
        semconv.DECIDED_AT: decided_at.isoformat(),
        semconv.APPROVERS: tuple(one.principal for one in body.approvers),
    }
    if question is not None:
        asked_at = question.stored_at or question.time
        about[semconv.TOOL_NAME] = question.body.tool
        about[semconv.CALL] = question.body.call
        about[semconv.REQUESTED_AT] = asked_at.isoformat()
    tool = "unknown" if question is None else question.body.tool
    return _span(fact, f"review {tool}", None, about)


def _evaluation(fact: Fact[Body], known: Known) -> SpanShape:
    body = cast("RunEvaluated", fact.body)
    about: Attributes = {
        semconv.EVALUATION_SCORE: body.score,
        semconv.EVALUATION_LABEL: "passed" if body.passed else "failed",
    }
    span = _span(fact, "evaluate", known.facts.get(fact.cause_id), about)
    events = tuple(_result(one, span.end_ns, known.capture) for one in body.assertions)
    return replace(span, events=events)


def _result(one: AssertionResult, at_ns: int, capture: Capture) -> EventShape:
    """What one scorer gave, as the GenAI conventions have it."""
    about = {
        semconv.EVALUATION_NAME: one.name,
        semconv.EVALUATION_SCORE: one.score,
        semconv.EVALUATION_LABEL: one.outcome,
        **capture.explanation(one.reason),
    }
    return EventShape(semconv.EVALUATION_EVENT, at_ns, about)


def _check(fact: Fact[Body], known: Known) -> SpanShape:
    verdict = cast("Verdict", fact.body)
    gate, decision = fact.type.split(".")
    about: dict[str, str | tuple[str, ...]] = {
        semconv.GATE: gate,
        semconv.DECISION: decision,
        semconv.RULE: verdict.rule,
        semconv.POLICY_VERSION: verdict.policy_version,
    }
    if (call := getattr(verdict, "call", None)) is not None:
        about[semconv.CALL] = call
    return _span(fact, f"apply_guardrail {gate}", known.facts.get(fact.cause_id), about)
