"""Word of changes for pages that follow a list: no content, only that it is time to look again."""

import asyncio
import time
from collections.abc import AsyncIterator

from fastapi.responses import StreamingResponse

from services.console.adapters import heard_within
from services.console.api.desk import Desk
from services.console.api.events import HEARTBEAT
from services.console.errors import Unavailable

CHANGED = "event: changed\ndata: {}\n\n"


def changes(desk: Desk, tenant: str | None) -> StreamingResponse:
    """A stream of `changed`.

    Raises:
        Unavailable: as many streams are open as there may be.
    """
    if desk.streams >= desk.settings.event_streams:
        raise Unavailable(
            f"{desk.streams} event streams are open", "event_streams", "close a page, or try later"
        )
    headers = {"x-accel-buffering": "no"}
    return StreamingResponse(
        told_of_changes(desk, tenant), media_type="text/event-stream", headers=headers
    )


async def told_of_changes(desk: Desk, tenant: str | None) -> AsyncIterator[str]:
    """An event whenever something was said about a run of the tenant, so often at most.

    It is told a while after, so that the observer has written its rows by then.
    """
    desk.streams += 1
    sent = time.monotonic()
    try:
        async with desk.bell.listening_to_all(tenant) as bell:
            yield HEARTBEAT
            while True:
                has_rung = await heard_within(bell, desk.settings.event_heartbeat_seconds)
                if has_rung:
                    await asyncio.sleep(desk.settings.live_seconds)
                    bell.clear()
                    sent = time.monotonic()
                    yield CHANGED
                elif time.monotonic() - sent >= desk.settings.event_heartbeat_seconds:
                    sent = time.monotonic()
                    yield HEARTBEAT
    finally:
        desk.streams -= 1
