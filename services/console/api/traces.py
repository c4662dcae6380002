"""GET /runs/{id}/trace: the spans of a run, made from its facts."""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Response

from contracts.envelope import Fact
from contracts.history import Run
from contracts.shape import Body
from services.console.api.access import Viewer
from services.console.api.desk import Desk, DeskHere, InTenant
from services.console.api.runs import RunId
from services.console.api.shapes import Shape
from services.console.errors import TooLarge
from shared.errors import LineageBroken
from shared.redaction import redact
from shared.telemetry.sender import CONTENT_TYPE
from shared.tracing.capture import Capture
from shared.tracing.otlp import encoded
from shared.tracing.shape import SpanShape, Value
from shared.tracing.trace import trace_of

router = APIRouter(prefix="/runs", tags=["runs"])


class LinkView(Shape):
    """Another trace that this one goes on from."""

    trace_id: str
    span_id: str
    reason: str


class SpanView(Shape):
    """One span; times are nanoseconds since 1970, by the server's clock."""

    name: str
    service: str
    trace_id: str
    span_id: str
    parent_id: str | None
    start_ns: int
    end_ns: int
    closed_at: int
    error: str | None
    attributes: dict[str, Value]
    links: tuple[LinkView, ...]

    @classmethod
    def of(cls, span: SpanShape) -> "SpanView":
        links = tuple(
            LinkView(trace_id=one.trace_id, span_id=one.span_id, reason=str(reason))
            for one in span.links
            for reason in one.attributes.values()
        )
        return cls(
            name=span.name,
            service=span.service,
            trace_id=span.trace_id,
            span_id=span.span_id,
            parent_id=span.parent_id,
            start_ns=span.start_ns,
            end_ns=span.end_ns,
            closed_at=span.closed_at,
            error=span.error,
            attributes=dict(span.attributes),
            links=links,
        )


@router.get(
    "/{run_id}/trace",
    response_model=list[SpanView],
    responses={200: {"content": {CONTENT_TYPE: {}}}},
)
async def trace(
    run_id: RunId,
    person: Viewer,
    desk: DeskHere,
    asked: InTenant = None,
    form: Annotated[Literal["json", "otlp"] | None, Query(alias="format")] = None,
    content: Annotated[bool, Query(description="With messages, redacted")] = False,
    accept: Annotated[str, Header()] = "",
) -> list[SpanView] | Response:
    """The trace of a run: every span that its facts have closed so far.

    For who accepts `application/x-protobuf`, or with `format=otlp`, it is the body of an
    ExportTraceServiceRequest, ready for `/v1/traces`.
    """
    tenant = await desk.tenant_of(person, run_id, asked)
    facts = await desk.history.facts(tenant, run_id)
    if not facts:
        await desk.run(tenant, run_id)
    _check_size(facts, desk.settings.facts_limit)
    if content:
        spans = trace_of(facts, Capture(redact), await _ancestor(desk, tenant, run_id))
    else:
        spans = trace_of(facts)
    if form == "otlp" or (form is None and CONTENT_TYPE in accept):
        return Response(encoded(spans), media_type=CONTENT_TYPE)
    return [SpanView.of(span) for span in spans]


def _check_size(facts: Sequence[Fact[Body]], limit: int) -> None:
    if len(facts) > limit:
        raise TooLarge(
            f"the run has {len(facts)} facts, and one trace is made of {limit} at most",
            "facts_limit",
            "raise INTERLOCK_CONSOLE_FACTS_LIMIT",
        )


async def _ancestor(desk: Desk, tenant: str, run_id: str) -> Run | None:
    """The run that this one grew from; without it, what its models were asked is left out."""
    try:
        return (await desk.run(tenant, run_id)).ancestor
    except LineageBroken:
        return None
