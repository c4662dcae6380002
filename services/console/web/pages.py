"""Pages from templates. Everything is escaped; what models and tools wrote is only ever text."""

import json
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.console.api.desk import Desk
from services.console.api.limits import HEADERS as OF_ALL
from services.console.rules.record.amounts import dollars, duration
from services.console.rules.words.amounts import counted, digest, short, size
from services.console.web.assets import Asset, assets
from services.console.web.doors import FORM_TOKEN, Visit

TEMPLATES = Path(__file__).parent / "templates"
THEME_COOKIE = "interlock_theme"
THEMES = ("light", "dark")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"cross-origin-opener-policy", b"same-origin"),
    *(one for one in OF_ALL if one[0] != b"content-security-policy"),
)
# Path, name and picture of each place that the side leads to.
PLACES = (("/runs", "Runs", "runs"),)
MINUTE, HOUR, DAY = 60, 3600, 86_400
# Control characters and those that turn the direction of text, as a mark that can be seen.
TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
KEPT = frozenset("\n\t")


def page(
    request: Request,
    template: str,
    visit: Visit | None = None,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **shown: Any,
) -> HTMLResponse:
    """A page, for whoever visits."""
    desk: Desk = request.app.state.desk
    theme = request.cookies.get(THEME_COOKIE)
    text = (
        environment()
        .get_template(template)
        .render(
            request=request,
            here=request.url.path,
            visit=visit,
            person=None if visit is None else visit.person,
            form_name=FORM_TOKEN,
            form_token="" if visit is None else desk.sessions.form_token(visit.session),
            theme=theme if theme in THEMES else None,
            now=desk.bus.clock.now(),
            **shown,
        )
    )
    return HTMLResponse(text, status, headers)


@cache
def environment() -> Environment:
    """The templates, with the words that they use."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(
        dollars=dollars,
        duration=duration,
        size=size,
        digest=digest,
        short=short,
        ago=ago,
        left=left,
        clock=clock,
        day=day,
        visible=visible,
        pretty=pretty,
        urldecode=unquote,
        tojson_text=json_text,
    )
    made.globals.update(asset=_asset, counted=counted, with_query=with_query, places=PLACES)
    return made


def _asset(name: str) -> Asset:
    return assets()[name]


def visible(text: object) -> str:
    """Text as it is, but for characters that a person cannot see: those are named."""
    return "".join(_shown(one) for one in str(text))


def _shown(character: str) -> str:
    is_hidden = character in TURNING or (
        unicodedata.category(character) == "Cc" and character not in KEPT
    )
    return f"[U+{ord(character):04X}]" if is_hidden else character


def pretty(text: str) -> str:
    """JSON over several lines; anything else as it is. Numbers stay as they are written."""
    try:
        found = json.loads(text, parse_int=_Written, parse_float=_Written)
    except (ValueError, RecursionError):
        return visible(text)
    return visible(_written(found, 0))


def json_text(value: Any) -> str:
    """Values as JSON over several lines; text for a page, which escapes it."""
    return visible(json.dumps(value, indent=2, ensure_ascii=False, default=str))


class _Written(str):
    """A number as its digits were written."""

    __slots__ = ()


def _written(value: Any, depth: int) -> str:
    pad, end = "  " * (depth + 1), "  " * depth
    match value:
        case _Written():
            return str(value)
        case dict() if value:
            inner = (
                f"{pad}{json.dumps(key, ensure_ascii=False)}: {_written(one, depth + 1)}"
                for key, one in value.items()
            )
            return "{\n" + ",\n".join(inner) + f"\n{end}}}"
        case list() if value:
            inner = (f"{pad}{_written(one, depth + 1)}" for one in value)
            return "[\n" + ",\n".join(inner) + f"\n{end}]"
        case _:
            return json.dumps(value, ensure_ascii=False)


def ago(moment: datetime | None, now: datetime) -> str:
    """How long ago, in the unit that fits."""
    if moment is None:
        return "never"
    seconds = int((now - moment).total_seconds())
    return "now" if seconds < 1 else f"{_span(seconds)} ago"


def left(moment: datetime, now: datetime) -> str:
    """How long until then; that it is over, where it is."""
    seconds = int((moment - now).total_seconds())
    return f"{_span(seconds)} left" if seconds > 0 else "over"


def _span(seconds: int) -> str:
    if seconds < MINUTE:
        return f"{seconds} s"
    if seconds < HOUR:
        return f"{seconds // MINUTE} min"
    if seconds < DAY:
        return f"{seconds // HOUR} h {seconds % HOUR // MINUTE:02} min"
    return f"{seconds // DAY} d {seconds % DAY // HOUR} h"


def clock(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03}"


def day(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def with_query(request: Request, **changes: str | int | None) -> str:
    """The address of this page with other parameters; None takes one out."""
    known = [(name, one) for name, one in request.query_params.multi_items() if name not in changes]
    more = [(name, str(one)) for name, one in changes.items() if one is not None]
    query = urlencode([*known, *more])
    return f"{request.url.path}?{query}" if query else request.url.path
