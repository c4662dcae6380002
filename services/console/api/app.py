"""The FastAPI application: its resources, its limits, and how it says no."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException

from contracts.shape import NAME_PATTERN
from services.console.api import (
    agents,
    audit,
    backfills,
    batches,
    control,
    cost,
    dead_letters,
    erasures,
    evaluations,
    events,
    keys,
    labels,
    lineage,
    many_runs,
    me,
    projections,
    records,
    releases,
    requests,
    reviews,
    run_lists,
    runs,
    schedules,
    splits,
    tasks,
    tools,
    traces,
    weights,
)
from services.console.api.access import check_declared
from services.console.api.limits import BodyLimit, SafeHeaders
from services.console.api.reference import reference_page
from services.console.errors import ConsoleError, Invalid, TooMany, Unavailable
from services.console.settings import Settings
from shared.errors import LogError

PREFIX = "/api/v1"
OPENAPI = "/api/openapi.json"
# The patterns that people meet, in words.
PATTERNS: Mapping[str, str] = {
    NAME_PATTERN: "1 to 64 of A-Z a-z 0-9 _ -",
    reviews.NAME_PATTERN: "a review; interlock reviews list names them, as <run>.<review>",
}
SHOWN_CHARACTERS = 80
RESOURCES = (
    tasks,
    batches,
    schedules,
    backfills,
    events,
    run_lists,
    runs,
    records,
    traces,
    lineage,
    requests,
    many_runs,
    labels,
    splits,  # before the reviews: its path would be the name of one
    reviews,
    cost,
    evaluations,
    weights,
    agents,
    releases,
    dead_letters,
    control,
    tools,
    projections,
    erasures,
    keys,
    audit,
    me,
)


def make_api(settings: Settings) -> FastAPI:
    """The application. `app.state.desk` is set before the first request: see `__main__`."""
    app = FastAPI(
        title="Interlock",
        version="1",
        description="Submit tasks, see what happened and why, answer reviews, follow the money.",
        openapi_url=OPENAPI,
        # Theirs load a script from somebody else's server.
        docs_url=None,
        redoc_url=None,
    )
    for resource in RESOURCES:
        app.include_router(resource.router, prefix=PREFIX)
    app.add_exception_handler(ConsoleError, _on_console_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(LogError, _on_log_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_middleware(SafeHeaders)
    app.add_middleware(
        BodyLimit,
        limit_bytes=settings.body_limit_bytes,
        limits={f"{PREFIX}{lineage.ARCHIVES}": settings.archive_limit_bytes},
    )

    @app.get("/api/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(reference_page(app.openapi()))

    check_declared(app)
    return app


def problem(error: ConsoleError) -> JSONResponse:
    """An error as an answer."""
    headers = {"www-authenticate": "Bearer"} if error.status == 401 else {}
    if isinstance(error, TooMany):
        headers = {"retry-after": str(error.retry_after)}
    return JSONResponse(
        error.problem(), error.status, headers, media_type="application/problem+json"
    )


async def _on_console_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ConsoleError)
    return problem(error)


async def _on_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first: dict[str, Any] = error.errors()[0]
    place = ".".join(str(one) for one in first["loc"] if one != "body")
    others = len(error.errors()) - 1
    more = f" (and {others} more)" if others else ""
    # A body of another type is never parsed, and would be told that it is no object.
    is_json = bool(place) or "json" in request.headers.get("content-type", "")
    remedy = "see /api/docs" if is_json else "send it with content-type: application/json"
    return problem(Invalid(f"{_said(first)}{more}", place or "body", remedy))


def _said(error: dict[str, Any]) -> str:
    """What is wrong, in words."""
    words = PATTERNS.get(error.get("ctx", {}).get("pattern", ""))
    if words is None:
        return str(error["msg"])
    return f"{str(error['input'])[:SHOWN_CHARACTERS]!r} is not {words}"


async def _on_log_error(_request: Request, error: Exception) -> JSONResponse:
    return problem(Unavailable(str(error), "the log", "try again in a moment"))


async def _on_http_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    content = {
        "type": "about:blank",
        "title": str(error.detail).lower(),
        "status": error.status_code,
        "what": str(error.detail),
        "where": "the path",
        "remedy": "see /api/docs",
    }
    return JSONResponse(
        content, error.status_code, error.headers, media_type="application/problem+json"
    )
