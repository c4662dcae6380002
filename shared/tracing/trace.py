"""The trace of a run: what its facts are, seen as spans.

A run is one segment until it is interrupted, and each segment is a trace: a root over everything,
below it a span for each step, below that the work. Roots and steps end where work ends: with the
run, when only people are waited for, or when something new begins.

Every span is closed by exactly one fact and depends only on those up to it. So whoever hears that
fact can tell the span, now or years later, and it is the same one.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import cast

from contracts.envelope import Fact
from contracts.history import Run, fold
from contracts.model import ModelRequested
from contracts.shape import Body

from .capture import NOTHING, Capture
from .context import context_of
from .segments import (
    Segment,
    common,
    first_segment,
    moment,
    next_segment,
    root_span,
    stands_still,
    step_span,
)
from .shape import SpanShape
from .work import Known, work_of


def trace_of(
    facts: Iterable[Fact[Body]], capture: Capture = NOTHING, ancestor: Run | None = None
) -> tuple[SpanShape, ...]:
    """The spans that the facts of one run close, in the order in which they do.

    `facts` are believed, in log order, and begin with the first of the run. What its models were
    asked is captured of a run that grew from another only with that one, the `ancestor`.
    """
    told: list[SpanShape] = []
    tracer: RunTracer | None = None
    for fact in facts:
        if tracer is None:
            run = Run(fact.tenant, fact.run_id, ancestor=ancestor)
            tracer = RunTracer(run, capture)
        told += tracer.take(fact)
    return tuple(told)


class RunTracer:
    """Takes the facts of a run in log order, from its first on."""

    def __init__(self, run: Run, capture: Capture) -> None:
        self._run = run
        self._known = Known(run, capture)
        self._segments: dict[str, Segment] = {}

    def take(self, fact: Fact[Body]) -> list[SpanShape]:
        """The spans that this fact closes."""
        if fact.id in self._known.facts:
            return []
        fold([fact], onto=self._run)
        segment = self._segments.get(context_of(fact).trace_id)
        closed: list[SpanShape] = []
        if segment is None:
            closed += self._end_all(fact, None)
            segment = self._begin(fact)
        self._known.take(fact)
        if isinstance(fact.body, ModelRequested):
            closed += self._end_step(segment, fact, moment(fact))
            segment.begin_step(cast("Fact[ModelRequested]", fact))
        segment.last_ns = max(segment.last_ns, moment(fact))
        if (work := work_of(fact, self._known)) is not None:
            closed.append(self._placed(work, segment))
        suspended = self._run.end is None and stands_still(self._run)
        if suspended or self._run.end is not None:
            closed += self._end_all(fact, moment(fact), suspended=suspended)
        return closed

    def _begin(self, fact: Fact[Body]) -> Segment:
        trace_id = context_of(fact).trace_id
        if not self._segments:
            segment = first_segment(fact)
        else:
            cause = self._known.facts.get(fact.cause_id)
            latest = next(reversed(self._segments.values()))
            # A timer is the cause of no fact, and a person answers in the trace that asked.
            before = latest if cause is None else self._segments[context_of(cause).trace_id]
            segment = next_segment(fact, cause, before, len(self._segments) + 1)
        self._segments[trace_id] = segment
        return segment

    def _placed(self, work: SpanShape, segment: Segment) -> SpanShape:
        told = {**common(self._run, work.service), **work.attributes}
        return replace(work, parent_id=segment.parent_of(work.parent_id), attributes=told)

    def _end_all(
        self, fact: Fact[Body], at_ns: int | None, *, suspended: bool = False
    ) -> list[SpanShape]:
        """End what is open: at that moment, or else when it was last heard of."""
        closed: list[SpanShape] = []
        for segment in self._segments.values():
            if segment.is_open:
                segment.is_open = False
                end = segment.last_ns if at_ns is None else at_ns
                closed += self._end_step(segment, fact, end)
                closed.append(root_span(segment, self._run, fact, end, suspended=suspended))
        return closed

    def _end_step(self, segment: Segment, fact: Fact[Body], end_ns: int) -> list[SpanShape]:
        if segment.step is None:
            return []
        told = step_span(segment, self._run, fact, end_ns)
        segment.step = None
        return [told]
