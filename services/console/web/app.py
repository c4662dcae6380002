"""The pages as an application of their own, beside the API: its errors are pages too."""

from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from services.console.api.access import check_declared
from services.console.api.limits import BodyLimit, SafeHeaders
from services.console.errors import ConsoleError, Invalid, NotFound, TooMany, Unavailable
from services.console.settings import Settings
from services.console.web import assets, run_acts, run_pages, runs, signing_in
from services.console.web.doors import SignInFirst
from services.console.web.pages import HEADERS, page
from services.console.web.signing_in import AFTERWARDS, SEE_OTHER, SIGN_IN
from shared.errors import LogError

# What anybody may read: how one comes in, and files that say nothing of anybody.
PUBLIC = frozenset({SIGN_IN, assets.ASSETS + "/{name:path}", "/", "/sign-out"})
ROOMS = (signing_in, assets, runs, run_pages, run_acts)
API_PATHS = "/api/"


def make_web(settings: Settings) -> FastAPI:
    """The application. `app.state.desk` is set before the first request, as of the API."""
    app = FastAPI(title="Interlock console", openapi_url=None, docs_url=None, redoc_url=None)
    for room in ROOMS:
        app.include_router(room.router)
    app.add_exception_handler(ConsoleError, _on_console_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(LogError, _on_log_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_middleware(SafeHeaders, headers=HEADERS)
    app.add_middleware(BodyLimit, limit_bytes=settings.body_limit_bytes)

    @app.get("/")
    async def first() -> Response:
        return RedirectResponse(AFTERWARDS, SEE_OTHER)

    check_declared(app, PUBLIC)
    return app


def faces(api: FastAPI, web: FastAPI) -> ASGIApp:
    """Both: the API has its paths, the pages have all others."""

    async def chosen(scope: Scope, receive: Receive, send: Send) -> None:
        is_api = scope.get("path", "").startswith(API_PATHS)
        await (api if is_api else web)(scope, receive, send)

    return chosen


async def _on_console_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ConsoleError)
    if isinstance(error, SignInFirst):
        return _to_sign_in(request)
    headers = {"retry-after": str(error.retry_after)} if isinstance(error, TooMany) else {}
    return page(request, "problem.html", status=error.status, headers=headers, problem=error)


def _to_sign_in(request: Request) -> Response:
    """A page is asked for again after that; what another request was for is not."""
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    way = SIGN_IN if request.method != "GET" else f"{SIGN_IN}?next={quote(asked, safe='')}"
    if "hx-request" in request.headers:
        # A part of a page cannot be the page to sign in: the browser goes there.
        return Response(status_code=204, headers={"hx-redirect": SIGN_IN})
    return RedirectResponse(way, SEE_OTHER)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(one) for one in first["loc"])
    return await _on_console_error(
        request, Invalid(str(first["msg"]), place, "correct the address, or go by the links")
    )


async def _on_log_error(request: Request, error: Exception) -> Response:
    return await _on_console_error(
        request, Unavailable(str(error), "the log", "try again in a moment")
    )


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    found: ConsoleError = NotFound("there is no such page", request.url.path, "go by the links")
    if error.status_code != found.status:
        found = Invalid(str(error.detail), request.url.path, "go by the links")
    return await _on_console_error(request, found)
