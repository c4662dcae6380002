"""Has the log room on disk: against the limit of each server, and against the disk itself?

A stream that may not grow refuses what is new long before the platform notices why.
"""

import asyncio
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from infra.streams import Bounds, stream_configs

from .addresses import shown
from .check import aside
from .errors import Unexaminable
from .finding import Finding, fail, ok, skipped, warn
from .installation import MONITORING_VARIABLE, Installation
from .machine import LEAST_FREE_BYTES

ASK_SECONDS = 3.0
NEARLY_FULL = 0.80  # of what the server may store
FULL = 0.95
GIGABYTE = 10**9
STREAMS_BYTES = sum(config.max_bytes or 0 for config in stream_configs(1, Bounds()))


@dataclass(frozen=True, slots=True)
class Store:
    """What one server keeps. `free_bytes` is that of its disk, None if it is another machine's."""

    folder: str
    used_bytes: int
    limit_bytes: int
    free_bytes: int | None


async def look_at_storage(installation: Installation) -> Sequence[Finding]:
    urls = installation.monitoring_urls
    if not urls:
        raise Unexaminable(f"{MONITORING_VARIABLE} is not set, so no server can be asked")
    found = await asyncio.gather(*map(_examine, urls))
    return tuple(finding for findings in found for finding in findings)


async def _examine(url: str) -> Sequence[Finding]:
    name = shown(url)
    try:
        async with httpx.AsyncClient(timeout=ASK_SECONDS) as client:
            answer = (await client.get(f"{url.rstrip('/')}/jsz")).raise_for_status().json()
        store = await aside(lambda: store_of(answer))
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError) as error:
        return (skipped(name, f"does not say ({type(error).__name__}: {error})"),)
    return tuple(judge(name, store))


def store_of(answer: Mapping[str, Any]) -> Store:
    """Of what `/jsz` answers. A folder of this machine has a disk that can be looked at."""
    config = answer["config"]
    folder = Path(config["store_dir"])
    free = shutil.disk_usage(folder).free if folder.is_dir() else None
    return Store(str(folder), answer["storage"], config["max_storage"], free)


def judge(name: str, store: Store) -> Iterator[Finding]:
    """What is full or will be; one finding that there is room, if nothing."""
    limit = max(store.limit_bytes, 1)
    used = f"{store.used_bytes / GIGABYTE:.2f} of {limit / GIGABYTE:.1f} GB in {store.folder}"
    amiss = [*_against_limit(name, store, used), *_against_disk(name, store)]
    yield from amiss or [ok(name, used)]


def _against_limit(name: str, store: Store, used: str) -> Iterator[Finding]:
    limit = max(store.limit_bytes, 1)
    remedy = "raise `max_file_store` in the jetstream block of nats.conf, and restart"
    if store.used_bytes >= FULL * limit:
        yield fail(f"{name} limit", f"full: {used}", remedy)
    elif store.used_bytes >= NEARLY_FULL * limit:
        yield warn(f"{name} limit", f"nearly full: {used}", remedy)
    elif limit < STREAMS_BYTES:
        wanted = f"the streams may take {STREAMS_BYTES / GIGABYTE:.1f} GB"
        yield warn(f"{name} limit", f"{used}, and {wanted}", remedy)


def _against_disk(name: str, store: Store) -> Iterator[Finding]:
    if store.free_bytes is None:
        return
    free = f"{store.free_bytes / GIGABYTE:.1f} GB of the disk of {store.folder} are free"
    growth = max(0, STREAMS_BYTES - store.used_bytes)
    remedy = f"free some of it, or move the store: df -h {store.folder}"
    if store.free_bytes < LEAST_FREE_BYTES:
        yield fail(f"{name} disk", f"only {free}: a write that fails stops its stream", remedy)
    elif store.free_bytes < growth:
        yield warn(f"{name} disk", f"{free}; streams may grow by {growth / GIGABYTE:.1f}", remedy)
