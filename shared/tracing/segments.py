"""A segment: the part of a run between two interruptions, which is one trace."""

from dataclasses import dataclass, field
from datetime import datetime

from contracts.envelope import Fact
from contracts.history import Run
from contracts.model import ModelRequested
from contracts.run import RunCompleted
from contracts.shape import Body
from contracts.subjects import ENDS, ORCHESTRATOR
from shared.telemetry import semconv

from .context import SEGMENT_GAP, TraceContext, context_of, following, run_context, segment_root
from .shape import Attributes, EventShape, LinkShape, SpanShape, nanoseconds

PAUSED = frozenset({"run.resume_requested", "run.resumed"})
ANSWERED = frozenset({"review.answered", "review.decided", "review.answer_refused"})


@dataclass
class Segment:
    """A trace of a run: its root, which step is under way, and until when it was heard of."""

    number: int
    root: TraceContext
    parent_id: str | None
    start_ns: int
    last_ns: int
    link: LinkShape | None
    step: Fact[ModelRequested] | None = None
    step_spans: set[str] = field(default_factory=set)
    is_open: bool = True

    def begin_step(self, fact: Fact[ModelRequested]) -> None:
        self.step = fact
        self.step_spans.add(following(fact).span_id)

    def parent_of(self, span_id: str | None) -> str:
        """The step that a fact names, if it is of this trace; else the root."""
        return span_id if span_id in self.step_spans else self.root.span_id


def first_segment(fact: Fact[Body]) -> Segment:
    """It begins with the task, below the span of whoever submitted it."""
    said = context_of(fact)
    root = segment_root(said.trace_id, fact.tenant, fact.run_id)
    # In its own trace a run is the root, whatever an older release wrote there.
    is_own = said.trace_id == run_context(fact.tenant, fact.run_id).trace_id
    at = moment(fact)
    return Segment(1, root, None if is_own else said.span_id, at, at, None)


def next_segment(
    fact: Fact[Body], cause: Fact[Body] | None, before: Segment, number: int
) -> Segment:
    """It goes on from an earlier one, in a trace of its own."""
    said = context_of(fact)
    root = segment_root(said.trace_id, fact.tenant, fact.run_id)
    reason = {semconv.LINK_REASON: _reason(fact, cause)}
    link = LinkShape(before.root.trace_id, before.root.span_id, reason)
    at = moment(fact)
    return Segment(number, root, None, at, at, link)


def step_span(segment: Segment, run: Run, closing: Fact[Body], end_ns: int) -> SpanShape:
    """The step that is under way, until now."""
    assert segment.step is not None, "only a step that is under way can end"
    place, asked = following(segment.step), segment.step.body
    return SpanShape(
        name="step",
        service=ORCHESTRATOR,
        trace_id=place.trace_id,
        span_id=place.span_id,
        parent_id=segment.root.span_id,
        start_ns=moment(segment.step),
        end_ns=end_ns,
        closed_at=closing.sequence,
        attributes={
            **common(run, ORCHESTRATOR),
            semconv.STEP: asked.step,
            semconv.ALIAS: asked.alias,
            semconv.PROMPT_SHA256: asked.prompt_sha256,
            semconv.PROMPT_BYTES: asked.prompt_bytes,
        },
    )


def root_span(
    segment: Segment, run: Run, closing: Fact[Body], end_ns: int, *, suspended: bool
) -> SpanShape:
    """Everything that the run did in this segment."""
    link = segment.link or _ancestry(run)
    error = _error(closing)
    agent = "unknown" if run.started is None else run.started.body.agent.name
    return SpanShape(
        name=f"{semconv.INVOKE_AGENT} {agent}",
        service=ORCHESTRATOR,
        trace_id=segment.root.trace_id,
        span_id=segment.root.span_id,
        parent_id=segment.parent_id,
        start_ns=segment.start_ns,
        end_ns=end_ns,
        closed_at=closing.sequence,
        attributes={
            **common(run, ORCHESTRATOR),
            semconv.OPERATION_NAME: semconv.INVOKE_AGENT,
            semconv.SEGMENT: segment.number,
            semconv.STATUS: run.status,
            **_task(run),
            **_previous(link),
            **({} if error is None else {semconv.ERROR_TYPE: error}),
        },
        events=(EventShape(semconv.SUSPENDED_EVENT, end_ns),) if suspended else (),
        links=() if link is None else (link,),
        error=error,
    )


def stands_still(run: Run) -> bool:
    """Whether nothing is under way but what people are asked."""
    if run.pause is not None:
        return True
    step = run.step
    if step is None or step.outcome is None:
        return False
    asked = {review.requested.body.call for review in run.open_reviews}
    return bool(asked) and all(call.result or call.name in asked for call in step.calls)


def common(run: Run, service: str) -> Attributes:
    """What every span tells, so that any back end can find those of a run."""
    return {
        semconv.SERVICE: service,
        semconv.TENANT: run.tenant,
        semconv.RUN_ID: run.run_id,
        semconv.CONVERSATION_ID: run.run_id,
    }


def moment(fact: Fact[Body]) -> int:
    """When a fact was stored, by the server's clock."""
    at: datetime = fact.stored_at or fact.time
    return nanoseconds(at)


def _task(run: Run) -> Attributes:
    told: dict[str, str] = {}
    if run.started is not None:
        told[semconv.AGENT_NAME] = run.started.body.agent.name
        told[semconv.AGENT_VERSION] = run.started.body.agent_version
    if run.submitted is not None:
        task = run.submitted.body
        named = {semconv.CUSTOMER: task.customer, semconv.FEATURE: task.feature}
        told |= {name: value for name, value in named.items() if value is not None}
    return told


def _previous(link: LinkShape | None) -> Attributes:
    """The same as the link, for back ends that drop links."""
    if link is None:
        return {}
    return {
        **link.attributes,
        semconv.PREVIOUS_TRACE: link.trace_id,
        semconv.PREVIOUS_SPAN: link.span_id,
    }


def _ancestry(run: Run) -> LinkShape | None:
    """To the run that this one grew from."""
    ancestor = None if run.started is None else run.started.body.ancestor
    if ancestor is None:
        return None
    root = run_context(run.tenant, ancestor.run_id)
    return LinkShape(root.trace_id, root.span_id, {semconv.LINK_REASON: ancestor.kind})


def _error(closing: Fact[Body]) -> str | None:
    """Why a run ended without an answer, if it is its end that closes the span."""
    if closing.type not in ENDS or isinstance(closing.body, RunCompleted):
        return None
    rule: str = getattr(closing.body, "rule", "cancelled")
    return rule


def _reason(fact: Fact[Body], cause: Fact[Body] | None) -> str:
    """Why a segment begins with this fact."""
    types = {fact.type, *(() if cause is None else (cause.type,))}
    if types & ANSWERED:
        return "human_wait"
    if types & PAUSED:
        return "pause"
    if cause is None or moment(fact) - moment(cause) > SEGMENT_GAP.total_seconds() * 1e9:
        return "wait"
    return "redelivery"
