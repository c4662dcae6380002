"""`http_get`: pages of a real server, read in a real jail through the proxy."""

import json
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from contracts.tool import ToolRefused, manifest_of
from services.tool_executor.adapters.invocation import invocation_of
from services.tool_executor.adapters.registry import DeclaredTool
from services.tool_executor.rules import Host, Refused, Returned
from services.tool_executor.tools import web
from services.tool_executor.tools.web import TEXT_LIMIT_CHARACTERS, http_get
from tests.tool_executor.calling import CONTEXT
from tests.tool_executor.jailed import jailed

PAGES = {
    "/text": (200, "text/plain; charset=latin-1", "café".encode("latin-1")),
    "/json": (200, "application/problem+json", b'{"price": 3}'),
    "/gone": (404, "text/html", b"<p>not here"),
    "/picture": (200, "image/png", b"\x89PNG"),
    "/untyped": (200, "", b"what is it"),
    "/odd": (200, "text/plain; charset=klingon", b"hello"),
    "/long": (200, "text/plain", b"x" * (TEXT_LIMIT_CHARACTERS + 1)),
    "/endless": (302, "text/plain", b""),
    "/away": (302, "text/plain", b""),
}
LEADS = {"/endless": "/endless", "/away": "http://169.254.169.254/latest/meta-data"}


class Pages(BaseHTTPRequestHandler):
    def do_GET(self):
        status, kind, body = PAGES[self.path]
        self.send_response(status)
        if kind:
            self.send_header("content-type", kind)
        if self.path in LEADS:
            self.send_header("location", LEADS[self.path])
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nobody reads it."""


@pytest.fixture(scope="module")
def site():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def direct(site, monkeypatch):
    """Without a jail, where the proxy of this machine is not asked either."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return f"http://127.0.0.1:{site}"


@asynccontextmanager
async def in_jail(*hosts: Host):
    tool = DeclaredTool(manifest_of(http_get), invocation_of(http_get), hosts=hosts)

    async with jailed() as runner:

        async def read(url: str):
            async with runner.place(tool) as place:
                return await place.run(tool, json.dumps({"url": url}), CONTEXT)

        yield read


async def test_in_its_jail_it_reaches_the_hosts_of_its_scope_alone(site):
    async with in_jail(Host.parse(f"127.0.0.1:{site}", private=True)) as read:
        page = await read(f"http://127.0.0.1:{site}/json")
        away = await read(f"http://127.0.0.1:{site}/away")
        other = await read("http://api.example.com/")

    assert isinstance(page, Returned), page
    assert json.loads(page.output_json)["text"] == '{"price": 3}'
    assert isinstance(away, Refused), away
    assert isinstance(other, Refused), other
    assert "tools.yaml" in other.reason


@pytest.mark.parametrize(
    ("path", "status", "kind", "text"),
    [
        ("/text", 200, "text/plain", "café"),
        ("/gone", 404, "text/html", "<p>not here"),
        ("/odd", 200, "text/plain", "hello"),
    ],
)
def test_text_is_read_whatever_its_status(direct, path, status, kind, text):
    page = http_get(f"{direct}{path}")

    assert (page.status, page.content_type, page.text, page.cut) == (status, kind, text, False)


def test_a_long_text_is_cut_and_says_so(direct):
    page = http_get(f"{direct}/long")

    assert (len(page.text), page.cut) == (TEXT_LIMIT_CHARACTERS, True)


def test_no_more_is_read_than_may_be(direct, monkeypatch):
    monkeypatch.setattr(web, "READ_LIMIT_BYTES", 100)

    page = http_get(f"{direct}/long")

    assert (len(page.text), page.cut) == (100, True)


@pytest.mark.parametrize(
    ("path", "told"),
    [("/picture", "image/png"), ("/untyped", "of no type"), ("/endless", "redirects")],
)
def test_what_is_no_text_or_has_no_end_is_refused(direct, path, told):
    with pytest.raises(ToolRefused, match=told):
        http_get(f"{direct}{path}")


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://a.example/x",
        "a.example/x",
        "http://",
        "http://[::1",
        "",
        "http://a:b@c.example/",
    ],
)
def test_what_is_no_address_is_refused_before_anything_is_asked(url):
    with pytest.raises(ToolRefused, match="address"):
        http_get(url)
