"""GET /runs/{id}/events: the facts of a run as server-sent events, from the log and then live.

The id of an event is the sequence of its fact, so that a client which comes back with
`Last-Event-ID` misses nothing and hears nothing twice. The stream closes when the run has ended;
who comes back after that is told so by 204, and a browser then stops asking.

Operators may also hear how far tools have come: events without an id, which lie in no log.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import StreamingResponse

from contracts.envelope import Fact
from contracts.history import Run
from contracts.shape import Body
from contracts.subjects import OVER
from services.console.adapters import Latest, heard_within
from services.console.api.access import Viewer
from services.console.api.desk import Desk, DeskHere, InTenant
from services.console.api.runs import RunId
from services.console.api.shapes import FactView
from services.console.errors import Invalid, Unavailable

router = APIRouter(prefix="/runs", tags=["runs"])
HEARTBEAT = ": still here\n\n"


@router.get("/{run_id}/events", response_class=StreamingResponse)
async def events(
    run_id: RunId,
    person: Viewer,
    desk: DeskHere,
    asked: InTenant = None,
    last_event_id: Annotated[str | None, Header()] = None,
    progress: Annotated[
        bool, Query(description="Operators also hear how far tools have come, as `progress`")
    ] = False,
) -> Response:
    """Every fact of a run as it is said, until its end."""
    after = _sequence(last_event_id)
    tenant = await desk.tenant_of(person, run_id, asked)
    run = await desk.run(tenant, run_id)
    if (run.end is not None or run.archived) and run.last_sequence <= after:
        return Response(status_code=204)
    if desk.streams >= desk.settings.event_streams:
        raise Unavailable(
            f"{desk.streams} event streams are open", "event_streams", "close one, or try later"
        )
    return StreamingResponse(
        follow(desk, run, after, progress=progress and person.may("operator")),
        media_type="text/event-stream",
        headers={"x-accel-buffering": "no"},
    )


async def follow(desk: Desk, run: Run, after: int, *, progress: bool = False) -> AsyncIterator[str]:
    """Facts after a sequence as events, perhaps what tools tell; heartbeats between them."""
    desk.streams += 1
    ended = run.end is not None or run.archived
    sent = time.monotonic()
    try:
        async with (
            desk.bell.listening(run.tenant, run.run_id) as bell,
            _hearing(desk, run, bell, progress=progress) as latest,
        ):
            while True:
                facts = await desk.history.facts(run.tenant, run.run_id, after)
                for fact in facts:
                    after, sent = fact.sequence, time.monotonic()
                    yield event(fact)
                ended = ended or any(fact.type in OVER for fact in facts)
                for told in latest.take():
                    yield f"event: progress\ndata: {told.model_dump_json(exclude_none=True)}\n\n"
                if ended and not facts:
                    return
                if not ended:
                    await heard_within(bell, desk.settings.event_poll_seconds)
                if time.monotonic() - sent >= desk.settings.event_heartbeat_seconds:
                    sent = time.monotonic()
                    yield HEARTBEAT
    finally:
        desk.streams -= 1


def event(fact: Fact[Body]) -> str:
    """One fact as one event, on one line of JSON."""
    return f"id: {fact.sequence}\nevent: fact\ndata: {FactView.of(fact).model_dump_json()}\n\n"


def _hearing(
    desk: Desk, run: Run, bell: asyncio.Event, *, progress: bool
) -> AbstractAsyncContextManager[Latest]:
    """What tools tell raw is for operators: no gate has seen it."""
    return desk.live.hearing(run.tenant, run.run_id, bell) if progress else nullcontext(Latest())


def _sequence(last_event_id: str | None) -> int:
    if last_event_id is None:
        return 0
    if not last_event_id.isdecimal():
        raise Invalid(
            "it is not the sequence of a fact", "header Last-Event-ID", "send back the id we sent"
        )
    return int(last_event_id)
