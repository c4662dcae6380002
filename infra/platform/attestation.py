"""Which durability mode really runs: what the servers say of themselves, and what that promises.

It is read from the monitoring of nats-server, never from our own settings: how often it flushes
(`/varz`), how many copies each stream has, and whether they are current (`/jsz`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from contracts.subjects import RUNS
from infra.platform.nats import Durability

LOOK_TIMEOUT_SECONDS = 3.0
NANOSECONDS = 1e9
COPIES = 3
# From the weakest to the strongest.
ORDER = tuple(Durability)

PROMISES: Mapping[Durability, str] = {
    Durability.FAST: (
        "the end of any process loses nothing; a power cut or a crash of the operating system "
        "may lose the acknowledged facts of the last 2 minutes"
    ),
    Durability.DURABLE: (
        "each fact is flushed before it is acknowledged, so a power cut loses nothing; "
        "the loss of its one disk loses the log"
    ),
    Durability.REPLICATED: (
        "each fact is flushed by a majority of three nodes before it is acknowledged, and none is "
        "lost while a majority of their disks survives; with one node up, nothing is taken"
    ),
}
REMEDIES: Mapping[Durability, str] = {
    Durability.FAST: "start nats-server as infra/platform/nats.py configures it",
    Durability.DURABLE: (
        "put `sync_interval: always` into the jetstream block of nats-server, and restart it"
    ),
    Durability.REPLICATED: (
        "run three nodes with `sync_interval: always`, name each in INTERLOCK_NATS_MONITORING_URL, "
        "and make the streams with `python -m infra.bootstrap setup --durability replicated`"
    ),
}


class Unattested(Exception):
    """The servers could not be asked, or have no log: nobody can tell which mode runs."""


@dataclass(frozen=True, slots=True)
class Copies:
    """The copies of one stream, as its leader sees them."""

    wanted: int
    current: int


@dataclass(frozen=True, slots=True)
class NodeReport:
    """What one server says. `led` are the streams on disk that it leads, or keeps alone."""

    url: str
    flushes_always: bool
    flush_seconds: float
    led: Mapping[str, Copies]


@dataclass(frozen=True, slots=True)
class Attested:
    """The strongest mode of which everything is met; `shortfalls` say what is behind."""

    mode: Durability
    detail: str
    shortfalls: tuple[str, ...] = ()

    def meets(self, claimed: Durability) -> bool:
        return ORDER.index(self.mode) >= ORDER.index(claimed)


async def attest(monitoring_urls: Sequence[str]) -> Attested:
    """Ask every server, and judge what they say.

    Raises:
        Unattested: one does not answer, or there is no log.
    """
    async with httpx.AsyncClient(timeout=LOOK_TIMEOUT_SECONDS) as client:
        return judge([await _report(client, url.rstrip("/")) for url in monitoring_urls])


def judge(reports: Sequence[NodeReport]) -> Attested:
    """The mode that these servers run in together.

    Raises:
        Unattested: none of them leads the log, so nobody knows how many copies it has.
    """
    streams = {name: copies for report in reports for name, copies in report.led.items()}
    if RUNS not in streams:
        raise Unattested(
            f"no server that was asked leads the stream {RUNS}: "
            "it was not made yet, it has no leader, or the node that leads it was not named"
        )
    copies = min(one.wanted for one in streams.values())
    flushing = all(report.flushes_always for report in reports)
    behind = tuple(
        f"{name} has {one.current} of {one.wanted} copies that are current"
        for name, one in sorted(streams.items())
        if one.current < one.wanted
    )
    return Attested(_mode(len(reports), copies, flushing), _detail(reports, copies), behind)


def _mode(nodes: int, copies: int, flushing: bool) -> Durability:
    if not flushing:
        return Durability.FAST
    # A node that was not asked may not flush: unsure means no.
    return Durability.REPLICATED if min(nodes, copies) >= COPIES else Durability.DURABLE


def _detail(reports: Sequence[NodeReport], copies: int) -> str:
    slowest = max(0.0 if one.flushes_always else one.flush_seconds for one in reports)
    flushed = f"flushed every {slowest:.0f} s" if slowest else "each write flushed"
    hosts = {urlsplit(report.url).hostname for report in reports}
    together = ", all on one machine" if len(reports) > 1 and len(hosts) == 1 else ""
    nodes = f"{len(reports)} node{'s' if len(reports) > 1 else ''}{together}"
    return f"{nodes}, {copies} cop{'ies' if copies > 1 else 'y'} of every stream, {flushed}"


async def _report(client: httpx.AsyncClient, url: str) -> NodeReport:
    try:
        server = (await client.get(f"{url}/varz")).raise_for_status().json()
        query = {"accounts": "true", "streams": "true", "config": "true"}
        engine = (await client.get(f"{url}/jsz", params=query)).raise_for_status().json()
        config = server["jetstream"]["config"]
        return NodeReport(
            url=url,
            flushes_always=bool(config.get("sync_always", False)),
            flush_seconds=config["sync_interval"] / NANOSECONDS,
            led=_led(server["server_name"], engine),
        )
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        raise Unattested(f"{url} does not say ({type(error).__name__}: {error})") from error


def _led(server_name: str, engine: Mapping[str, Any]) -> dict[str, Copies]:
    """What is on disk. The counts of crashes are in memory, and may be lost in every mode."""
    streams = (one for each in engine["account_details"] for one in each.get("stream_detail", ()))
    return {
        stream["name"]: _copies(stream)
        for stream in streams
        if stream["config"]["storage"] == "file"
        and stream.get("cluster", {}).get("leader", server_name) == server_name
    }


def _copies(stream: Mapping[str, Any]) -> Copies:
    others = stream.get("cluster", {}).get("replicas") or ()
    current = sum(bool(one["current"]) and not one.get("offline", False) for one in others)
    return Copies(stream["config"]["num_replicas"], 1 + current)
