"""Who comes in by the browser: the person of a session, and forms that our own pages sent.

A bearer token opens no page and a cookie answers no request of the API. Forms are taken from our
own pages alone: by what the browser says of where they come from, and by a token of the session.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qs, urlsplit

from fastapi import Depends, Request

from contracts.shape import sha256_hex
from services.console.api.access import Needs, check_rate
from services.console.api.desk import Desk
from services.console.api.people import Person
from services.console.errors import ConsoleError, Forbidden, Invalid
from services.console.web.sessions import Session

COOKIE, SECURE_COOKIE = "interlock_session", "__Host-interlock_session"
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
FORM_FIELDS_LIMIT = 2_000  # a bulk answer names each of its reviews
FORM_TOKEN = "form_token"  # noqa: S105 - the name of the field


class SignInFirst(ConsoleError):
    """Nobody is signed in: the page to do so is shown, and leads back."""

    status = 401
    title = "not signed in"


@dataclass(frozen=True, slots=True)
class Visit:
    """A session, and whom it is of."""

    session: Session
    person: Person


def is_local(request: Request) -> bool:
    """Whether the browser is on this machine, where there is no TLS to ask for."""
    return request.url.hostname in LOOPBACK_NAMES


def cookie_name(request: Request) -> str:
    return COOKIE if is_local(request) else SECURE_COOKIE


async def visit(request: Request) -> Visit:
    """The visit of a request.

    Raises:
        SignInFirst: there is none, or what it was opened with opens nothing any more.
        TooMany: they ask too often.
    """
    desk: Desk = request.app.state.desk
    session = desk.sessions.read(request.cookies.get(cookie_name(request)), desk.bus.clock.now())
    person = None if session is None else _person(desk, session)
    if session is None or person is None:
        raise SignInFirst("nobody is signed in", "the session", "sign in with a key or a token")
    await check_rate(desk.requests, session.key_id or session.token_sha256 or session.nonce)
    return Visit(session, person)


def _person(desk: Desk, session: Session) -> Person | None:
    if session.key_id is not None:
        key = desk.keys.book().in_force(session.key_id, desk.bus.clock.now())
        return None if key is None else Person.of_key(key)
    digests = {sha256_hex(token.encode()): who for token, who in desk.people.items()}
    return digests.get(session.token_sha256 or "")


VisitHere = Annotated[Visit, Depends(visit)]


class PageNeeds(Needs):
    """The role that a page asks for."""

    async def __call__(self, here: VisitHere) -> Person:  # type: ignore[override]
        return self.check(here.person)


PageViewer = Annotated[Person, Depends(PageNeeds("viewer"))]
PageApprover = Annotated[Person, Depends(PageNeeds("approver"))]
PageOperator = Annotated[Person, Depends(PageNeeds("operator"))]


@dataclass(frozen=True, slots=True)
class Form:
    """What a form of ours brought. A field that is not there is empty."""

    fields: Mapping[str, list[str]]

    def one(self, name: str) -> str:
        return self.fields.get(name, [""])[0]

    def every(self, name: str) -> list[str]:
        return self.fields.get(name, [])


async def form(request: Request, here: VisitHere) -> Form:
    """The form that one of our own pages sent.

    Raises:
        Forbidden: another site sent it, or its page is of another session.
    """
    check_origin(request)
    found = await read_form(request)
    desk: Desk = request.app.state.desk
    if found.one(FORM_TOKEN) != desk.sessions.form_token(here.session):
        raise Forbidden(
            "the page is of another session", FORM_TOKEN, "load the page again, and send it again"
        )
    return found


FormHere = Annotated[Form, Depends(form)]


async def read_form(request: Request) -> Form:
    """Its fields, unchecked.

    Raises:
        Invalid: it is no form, or has too many fields.
    """
    try:
        body = (await request.body()).decode()
        fields = parse_qs(body, keep_blank_values=True, max_num_fields=FORM_FIELDS_LIMIT)
    except ValueError as error:
        raise Invalid(f"it is no form: {error}", "the body", "use the page that it is of") from None
    return Form(fields)


def check_origin(request: Request) -> None:
    """Take a form from our own pages alone, by what no page of another site can say.

    Raises:
        Forbidden: it came from elsewhere, or the browser does not say from where.
    """
    remedy = "open the console itself, and do it there"
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site != "same-origin":
            raise Forbidden(f"it was sent from another place ({site})", "Sec-Fetch-Site", remedy)
        return
    origin = request.headers.get("origin", "")
    if urlsplit(origin).netloc != request.headers.get("host"):
        raise Forbidden("the browser does not say that our page sent it", "Origin", remedy)
