"""GET /runs/{id}/trace: the spans of a run, made from its facts."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from services.console.api.desk import DeskHere, InTenant
from services.console.api.people import Viewer
from services.console.api.runs import RunId
from services.console.api.shapes import Shape
from shared.redaction import redact
from shared.tracing.capture import Capture
from shared.tracing.otlp import CONTENT_TYPE, encoded
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


@router.get("/{run_id}/trace", response_model=list[SpanView])
async def trace(
    run_id: RunId,
    person: Viewer,
    desk: DeskHere,
    asked: InTenant = None,
    form: Annotated[Literal["json", "otlp"], Query(alias="format")] = "json",
    content: Annotated[bool, Query(description="With messages, redacted")] = False,
) -> list[SpanView] | Response:
    """The trace of a run: every span that its facts have closed so far.

    With `format=otlp` it is the body of an ExportTraceServiceRequest, ready for `/v1/traces`.
    """
    tenant = await desk.tenant_of(person, run_id, asked)
    facts = await desk.history.facts(tenant, run_id)
    if not facts:
        await desk.run(tenant, run_id)
    spans = trace_of(facts, Capture(redact if content else None))
    if form == "otlp":
        return Response(encoded(spans), media_type=CONTENT_TYPE)
    return [SpanView.of(span) for span in spans]
