"""/sign-in and /sign-out: a session for a key or a token, and its end."""

from urllib.parse import urlsplit

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from contracts.shape import sha256_hex
from services.console.api.access import check_rate, known
from services.console.api.desk import DeskHere
from services.console.errors import ConsoleError, Unauthenticated
from services.console.rules.api_keys import key_id_of
from services.console.web.doors import (
    FormHere,
    SignInFirst,
    VisitHere,
    check_origin,
    cookie_name,
    is_local,
    read_form,
    visit,
)
from services.console.web.pages import page

SIGN_IN = "/sign-in"
AFTERWARDS = "/runs"
SEE_OTHER = 303

log = structlog.get_logger()
router = APIRouter()


def within(path: str) -> str:
    """Where to go on: a path of this console, and of no other place."""
    parts = urlsplit(path)
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and not parts.netloc
    return path if is_ours and path.isprintable() and "\\" not in path else AFTERWARDS


@router.get(SIGN_IN)
async def sign_in_page(request: Request) -> Response:
    """Where a key or a token is asked for."""
    try:
        await visit(request)
    except SignInFirst:
        following = within(request.query_params.get("next", AFTERWARDS))
        return page(request, "sign_in.html", following=following, problem=None)
    return RedirectResponse(AFTERWARDS, SEE_OTHER)


@router.post(SIGN_IN)
async def sign_in(request: Request, desk: DeskHere) -> Response:
    """Open a session with a key or a token."""
    check_origin(request)
    given = await read_form(request)
    key, following = given.one("key").strip(), within(given.one("next"))
    person = known(desk, key)
    if person is None:
        address = request.client.host if request.client is not None else "unknown"
        await check_rate(desk.refused, address)
        problem: ConsoleError = Unauthenticated(
            "nobody has this key", "key", "take it from where it was shown; see below"
        )
        return page(
            request, "sign_in.html", status=problem.status, following=following, problem=problem
        )
    key_id = key_id_of(key)
    cookie = desk.sessions.open(
        desk.bus.clock.now(),
        desk.settings.session_hours,
        key_id=key_id,
        token_sha256=None if key_id is not None else sha256_hex(key.encode()),
    )
    answer = RedirectResponse(following, SEE_OTHER)
    _set(request, answer, cookie, int(desk.settings.session_hours * 3600))
    log.info("console.signed_in", principal=person.principal, key_id=person.key_id)
    return answer


@router.post("/sign-out")
async def sign_out(request: Request, here: VisitHere, desk: DeskHere, _form: FormHere) -> Response:
    """End the session."""
    desk.sessions.end(here.session, desk.bus.clock.now())
    answer = RedirectResponse(SIGN_IN, SEE_OTHER)
    _set(request, answer, "", 0)
    log.info("console.signed_out", principal=here.person.principal)
    return answer


def _set(request: Request, answer: Response, cookie: str, seconds: int) -> None:
    """Lax, so that a link in a message opens for who is signed in; nothing is done by GET."""
    answer.set_cookie(
        cookie_name(request),
        cookie,
        max_age=seconds,
        path="/",
        secure=not is_local(request),
        httponly=True,
        samesite="lax",
    )
