"""Read what lies at an address, of hosts that the configuration allows."""

from email.message import Message
from urllib.parse import urlsplit

import httpx

from contracts.shape import Body
from contracts.tool import ToolRefused, tool

REDIRECTS_LIMIT = 5
READ_LIMIT_BYTES = 2_000_000
TEXT_LIMIT_CHARACTERS = 40_000
CONNECT_SECONDS = 10.0
READ_SECONDS = 20.0
DENIED = "error=http_request_denied"
TEXTUAL = frozenset(
    {"application/json", "application/xml", "application/javascript", "application/x-ndjson"}
)


class Page(Body):
    """What was answered. `url` is where it lay in the end."""

    url: str
    status: int
    content_type: str
    text: str
    cut: bool = False


@tool(
    effect="egress",
    idempotent=True,
    payload=("url",),
    scopes=("http:get",),
    sandbox="jail",
    timeout_seconds=60,
)
def http_get(url: str) -> Page:
    """Read the text at an http or https address.

    Only the hosts of this tool's allow-list can be reached. Pictures and other files are refused;
    a long text is cut.
    """
    _check(url)
    timeout = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
    try:
        with (
            httpx.Client(
                follow_redirects=True, max_redirects=REDIRECTS_LIMIT, timeout=timeout
            ) as client,
            client.stream("GET", url, headers={"accept": "text/*, application/json;q=0.9"}) as got,
        ):
            return _page(got)
    except httpx.ProxyError as error:
        raise _denied(url, str(error)) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ToolRefused(f"{url} was not read: {error or type(error).__name__}") from None


def _check(url: str) -> None:
    try:
        parts = urlsplit(url)
        named = parts.scheme in ("http", "https") and parts.hostname is not None
    except ValueError:
        named = False
    if not named:
        raise ToolRefused(f"{url!r} is no http or https address with a host")
    if parts.username is not None or parts.password is not None:
        raise ToolRefused("an address must not hold a user or a password")


def _denied(url: str, why: str) -> ToolRefused:
    return ToolRefused(
        f"{url}, or where it leads to, may not be reached: {why}; "
        "`hosts` in tools.yaml says what may"
    )


def _page(got: httpx.Response) -> Page:
    if DENIED in got.headers.get("proxy-status", ""):
        raise _denied(str(got.url), got.read().decode(errors="replace").strip())
    kind, charset = _kind(got.headers.get("content-type", ""))
    if not (kind.startswith("text/") or kind in TEXTUAL or kind.endswith(("+json", "+xml"))):
        raise ToolRefused(f"{got.url} is {kind or 'of no type'}, and only text is read")
    found, is_whole = bytearray(), True
    for piece in got.iter_bytes():
        found += piece
        if len(found) > READ_LIMIT_BYTES:
            is_whole = False
            break
    text = _decoded(bytes(found[:READ_LIMIT_BYTES]), charset)
    return Page(
        url=str(got.url),
        status=got.status_code,
        content_type=kind,
        text=text[:TEXT_LIMIT_CHARACTERS],
        cut=not is_whole or len(text) > TEXT_LIMIT_CHARACTERS,
    )


def _kind(header: str) -> tuple[str, str]:
    message = Message()
    message["content-type"] = header
    return (message.get_content_type() if header else ""), message.get_content_charset("utf-8")


def _decoded(content: bytes, charset: str) -> str:
    try:
        return content.decode(charset, "replace")
    except LookupError:
        return content.decode("utf-8", "replace")
