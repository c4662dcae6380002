"""The way out of a jail: real sockets on this machine, real libraries inside."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from services.tool_executor.adapters import egress
from services.tool_executor.adapters.egress import Egress, EgressLimits
from services.tool_executor.rules import Host, Returned
from tests.tool_executor.jailed import attempt, hostile, jailed

LIMITS = EgressLimits(total_bytes=100_000, connect_seconds=1.0, idle_seconds=1.0)


@asynccontextmanager
async def server(answer=b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"):
    """A server that remembers what it was asked; its port, and what that was."""
    asked: list[bytes] = []

    async def serve(reader, writer):
        asked.append(await reader.read(10_000))
        writer.write(answer)
        await closed(writer)

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1], asked


@asynccontextmanager
async def proxy(tmp_path, *hosts: Host, limits=LIMITS, **more):
    path = tmp_path / "egress.sock"
    async with Egress(hosts, limits, **more).listening(path):
        yield path


def tunnel(port: int, name: str = "erp.internal") -> bytes:
    return f"CONNECT {name}:{port} HTTP/1.1\r\n\r\n".encode()


async def through(path, *said: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.writelines(said)
    try:
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        await closed(writer)


async def closed(*writers: asyncio.StreamWriter) -> None:
    for writer in writers:
        writer.close()
    await asyncio.gather(*(one.wait_closed() for one in writers), return_exceptions=True)


def inside(port: int) -> Host:
    return Host.parse(f"erp.internal:{port}", private=True)


async def here(*_: object) -> list[str]:
    return ["127.0.0.1"]


async def test_a_tunnel_carries_bytes_both_ways(tmp_path):
    async with (
        server(b"answer") as (port, asked),
        proxy(tmp_path, inside(port), resolve=here) as path,
    ):
        got = await through(path, tunnel(port), b"ask")

    assert got == b"HTTP/1.1 200 Connection established\r\n\r\nanswer"
    assert asked == [b"ask"]


async def test_a_name_that_points_inside_leads_nowhere(tmp_path):
    async with server() as (port, asked):
        host = Host.parse(f"api.example.com:{port}")
        async with proxy(tmp_path, host, resolve=here) as path:
            got = await through(path, tunnel(port, "api.example.com"))

    assert b"no address of the internet" in got
    assert asked == []


async def test_one_address_inside_among_others_is_enough_to_refuse(tmp_path):
    async def mixed(*_):
        return ["1.1.1.1", "127.0.0.1"]

    async with server() as (port, asked):
        host = Host.parse(f"api.example.com:{port}")
        async with proxy(tmp_path, host, resolve=mixed) as path:
            got = await through(path, tunnel(port, "api.example.com"))

    assert b"403" in got
    assert asked == []


async def test_the_address_that_was_judged_is_the_one_that_is_reached(tmp_path):
    """A name that changes after it was looked at is asked for once only."""
    looked: list[str] = []

    async def changing(name, _port):
        looked.append(name)
        return ["127.0.0.1"] if len(looked) == 1 else ["169.254.169.254"]

    async with server(b"x") as (port, _), proxy(tmp_path, inside(port), resolve=changing) as path:
        got = await through(path, tunnel(port), b"ask")

    assert got.endswith(b"x")
    assert looked == ["erp.internal"]


async def test_a_plain_request_is_passed_on(tmp_path):
    async with server() as (port, asked), proxy(tmp_path, inside(port), resolve=here) as path:
        got = await through(path, f"GET http://erp.internal:{port}/a HTTP/1.1\r\n\r\n".encode())

    assert got.endswith(b"hello")
    assert asked[0].startswith(f"GET /a HTTP/1.1\r\nHost: erp.internal:{port}\r\n".encode())


async def test_more_bytes_than_allowed_end_the_connection(tmp_path):
    flood = server(b"x" * 1_000_000)
    async with flood as (port, _), proxy(tmp_path, inside(port), resolve=here) as path:
        got = await through(path, tunnel(port), b"ask")

    assert len(got) <= LIMITS.total_bytes + egress.CHUNK_BYTES


async def test_a_head_without_end_is_refused(tmp_path):
    async with proxy(tmp_path) as path:
        got = await through(path, b"CONNECT " + b"x" * 40_000)

    assert got.startswith(b"HTTP/1.1 431 ")


async def test_so_many_connections_at_once_and_no_more(tmp_path):
    async with proxy(tmp_path) as path:
        held = [await asyncio.open_unix_connection(path) for _ in range(egress.CONNECTIONS_LIMIT)]
        await asyncio.sleep(0)
        got = await through(path, b"CONNECT a.example:443 HTTP/1.1\r\n\r\n")
        await closed(*(writer for _, writer in held))

    assert b"connections at once" in got


async def test_who_does_not_answer_is_told_with_its_name(tmp_path):
    async with proxy(tmp_path, inside(9), resolve=here) as path:
        got = await through(path, b"CONNECT erp.internal:9 HTTP/1.1\r\n\r\n")

    assert b"erp.internal:9 does not answer" in got


FETCH = """
import urllib.request, urllib.error, socket
for url in {urls}:
    try:
        print(urllib.request.urlopen(url, timeout=5).read().decode())
    except urllib.error.HTTPError as error:
        print(error.code, error.read().decode().strip())
    except OSError as error:
        print(type(error).__name__)
try:
    socket.create_connection(("127.0.0.1", {port}), 2)
except OSError as error:
    print(type(error).__name__)
"""


async def test_from_its_jail_a_tool_reaches_its_hosts_by_the_proxy_and_nothing_else():
    async with server() as (port, asked), jailed() as runner:
        host = Host.parse(f"localhost:{port}", private=True)
        urls = [f"http://localhost:{port}/a", f"http://127.0.0.1:{port}/", "http://1.1.1.1/"]
        code = FETCH.format(urls=urls, port=port)
        ending = await attempt(runner, code, hosts=(host,))

    assert isinstance(ending, Returned), ending
    assert json.loads(ending.output_json).splitlines() == [
        "hello",
        f"403 127.0.0.1:{port} is not among the hosts of this tool",
        "403 1.1.1.1:80 is not among the hosts of this tool",
        "ConnectionRefusedError",
    ]
    assert len(asked) == 1


async def test_a_tool_without_hosts_has_no_way_out():
    async with jailed() as runner:
        ending = await attempt(runner, "import os; print('HTTP_PROXY' in os.environ)")

    assert ending == Returned('"False\\n"')
    assert hostile().kind.hosts == ()


@pytest.mark.parametrize("sandbox", ["process", "in_process"])
def test_hosts_are_for_jails(sandbox):
    """Elsewhere nothing holds a tool to them."""
    tool = hostile((Host.parse("api.example.com"),), sandbox=sandbox)

    assert tool.kind.hosts == ()
