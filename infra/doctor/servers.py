"""Does every named node of NATS answer, is it new enough, has it JetStream, and asks it for keys?

A server says all of that in its first line, before anybody has shown a key.
"""

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from shared.content import OVER_BYTES

from .addresses import host_and_port, shown
from .finding import Finding, fail
from .installation import Installation
from .machine import judge_nats_server
from .remedies import start_nats

ANSWER_SECONDS = 3.0
FIRST_LINE_LIMIT_BYTES = 65_536
INFO = b"INFO "
KEYS_REMEDY = "include the authorization.conf that `python -m infra.bootstrap keys` writes"


async def look_at_servers(installation: Installation) -> Sequence[Finding]:
    urls = installation.required_nats()
    answers = await asyncio.gather(*(_examine(url, installation) for url in urls))
    return tuple(finding for findings in answers for finding in findings)


async def _examine(url: str, installation: Installation) -> Sequence[Finding]:
    node = shown(url)
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            said = await first_line(url)
    except (OSError, ValueError, TimeoutError) as error:
        why = str(error) or f"no answer within {ANSWER_SECONDS:g} s"
        return (fail(node, f"does not answer as NATS: {why}", start_nats(installation)),)
    return tuple(judge(node, said))


async def first_line(url: str) -> dict[str, Any]:
    """What the server says of itself to whoever connects.

    Raises:
        OSError: nobody listens there.
        ValueError: whoever listens there is no nats-server.
    """
    reader, writer = await asyncio.open_connection(
        *host_and_port(url), limit=FIRST_LINE_LIMIT_BYTES
    )
    try:
        line = await reader.readline()
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
    if not line.startswith(INFO):
        raise ValueError("what listens there is no nats-server")
    said: dict[str, Any] = json.loads(line.removeprefix(INFO))
    return said


def judge(node: str, said: dict[str, Any]) -> Iterator[Finding]:
    """What the first line of a server means for us."""
    version = tuple(int(part) for part in str(said["version"]).split("-")[0].split("."))
    found = judge_nats_server(f"as {said.get('server_name', 'unnamed')}", version)
    yield Finding(node, found.state, found.detail, found.remedy)
    if not said.get("jetstream"):
        yield fail(
            f"{node} jetstream", "JetStream is off", "add `jetstream {}` to nats.conf, and restart"
        )
    if not said.get("auth_required"):
        yield fail(f"{node} keys", "it lets in whoever has no key", KEYS_REMEDY)
    if said.get("max_payload", 0) < OVER_BYTES:
        detail = f"messages may have {said.get('max_payload', 0)} bytes, ours {OVER_BYTES}"
        yield fail(f"{node} payload", detail, "set `max_payload: 1MB` in nats.conf, and reload")
