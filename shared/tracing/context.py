"""Trace context: the trace that a fact belongs to, and the span below which its work lies.

It travels as W3C `traceparent` on every fact, exported or not, so that the log itself holds the
tree of every trace. Ids are digests: whoever computes one again gets the same, and a trace can be
made anew from the log at any time.

A run is one trace until it is interrupted. What follows from an interrupted fact begins a new
segment, a trace of its own, which links to the one before: no span spans a wait.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.envelope import Fact
from contracts.history import Run
from contracts.model import ModelRequested
from contracts.shape import Body
from contracts.subjects import SUBMISSIONS

# Longer waits than this are no work: they are timers, people, or somebody who was away.
SEGMENT_GAP = timedelta(seconds=5)
# What a person says to a run that may have stood still for days.
RESUMING = frozenset({"review.answered", "run.resume_requested"})
TRACE_DIGITS, SPAN_DIGITS = 32, 16
_HEADER = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class TraceContext:
    """A place in a trace, as 32 and 16 hexadecimal digits."""

    trace_id: str
    span_id: str

    @property
    def header(self) -> str:
        """The value of `traceparent`."""
        return f"00-{self.trace_id}-{self.span_id}-01"


@dataclass(frozen=True, slots=True)
class _Here:
    """What this task works on, and where in which trace."""

    tenant: str
    run_id: str
    context: TraceContext


_here: ContextVar[_Here | None] = ContextVar("trace_context", default=None)


def parse(header: str | None) -> TraceContext | None:
    """The place that a `traceparent` names; None where it is absent or not what W3C says."""
    found = _HEADER.fullmatch(header or "")
    if found is None or not int(found[1], 16) or not int(found[2], 16):
        return None
    return TraceContext(found[1], found[2])


def run_context(tenant: str, run_id: str) -> TraceContext:
    """The first segment of a run whose producer sent no trace of its own."""
    digest = _digest(f"{tenant}/{run_id}")
    return TraceContext(digest[:TRACE_DIGITS], digest[TRACE_DIGITS : TRACE_DIGITS + SPAN_DIGITS])


def segment_root(trace_id: str, tenant: str, run_id: str) -> TraceContext:
    """The span over everything that a run does in one trace."""
    own = run_context(tenant, run_id)
    if own.trace_id == trace_id:
        return own
    return TraceContext(trace_id, span_id_of(trace_id, f"{tenant}/{run_id}"))


def span_id_of(trace_id: str, *what: str) -> str:
    """The id of the span of something in a trace."""
    return _digest("/".join((trace_id, *what)))[:SPAN_DIGITS]


def context_of(fact: Fact[Body]) -> TraceContext:
    """Where the fact was said; a run's own trace where it does not tell."""
    return parse(fact.traceparent) or run_context(fact.tenant, fact.run_id)


def following(fact: Fact[Body]) -> TraceContext:
    """Where whatever follows from a fact belongs, if nothing came between."""
    said = context_of(fact)
    match fact.type:
        case type_ if type_ in SUBMISSIONS:
            return segment_root(said.trace_id, fact.tenant, fact.run_id)
        case "model.requested":
            return TraceContext(said.trace_id, span_id_of(said.trace_id, fact.id))
        case _:
            return said


def resuming(tenant: str, run_id: str, after: str) -> TraceContext:
    """A new segment of a run, that begins after what `after` names."""
    trace_id = _digest(f"{tenant}/{run_id}/{after}/resumed")[:TRACE_DIGITS]
    return segment_root(trace_id, tenant, run_id)


def is_interrupted(fact: Fact[Body], now: datetime, *, crashed: bool) -> bool:
    """Whether what follows from a fact begins a new segment."""
    stored_at = fact.stored_at or fact.time
    return crashed or fact.type in RESUMING or now - stored_at > SEGMENT_GAP


@contextmanager
def working_on(fact: Fact[Body], now: datetime, *, crashed: bool) -> Iterator[TraceContext]:
    """Whatever is said of this run inside the block follows from the fact that was heard."""
    if is_interrupted(fact, now, crashed=crashed):
        context = resuming(fact.tenant, fact.run_id, fact.id)
    else:
        context = following(fact)
    token = _here.set(_Here(fact.tenant, fact.run_id, context))
    try:
        yield context
    finally:
        _here.reset(token)


@contextmanager
def called_with(header: str | None) -> Iterator[None]:
    """What is submitted inside the block lies below the caller's own span, if it sent one."""
    caller = parse(header)
    token = _here.set(_here.get() if caller is None else _Here("", "", caller))
    try:
        yield
    finally:
        _here.reset(token)


def current() -> TraceContext | None:
    """Where this task works; None outside of any delivery."""
    here = _here.get()
    return None if here is None else here.context


def after_cause(cause: Fact[Body]) -> TraceContext:
    """Where a fact belongs that follows from `cause`."""
    return _in_run(cause.tenant, cause.run_id) or following(cause)


def after_run(run: Run, body: Body) -> TraceContext:
    """Where a fact belongs that was decided from a whole run.

    A task that another run submits lies below that run's work. Nobody's delivery means a timer, or
    somebody who looks for what was forgotten: that is after a wait.
    """
    if not run.last_sequence:
        return current() or run_context(run.tenant, run.run_id)
    context = _in_run(run.tenant, run.run_id)
    if context is None:
        context = resuming(run.tenant, run.run_id, str(run.last_sequence))
    if isinstance(body, ModelRequested):
        return segment_root(context.trace_id, run.tenant, run.run_id)
    return context


def _in_run(tenant: str, run_id: str) -> TraceContext | None:
    here = _here.get()
    if here is None or (here.tenant, here.run_id) != (tenant, run_id):
        return None
    return here.context


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
