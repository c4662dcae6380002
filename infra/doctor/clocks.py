"""Do the clocks of this machine, of NATS and of PostgreSQL agree?

Claims and clearances end at a moment, and deadlines fire at one. Another clock is read half a
round trip before its answer is here, so half a round trip is what nobody can tell.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import httpx

from contracts.subjects import RUNS
from infra.generate.permissions import INFRA

from .addresses import shown
from .errors import Unanswered, Unexaminable
from .finding import Finding, fail, ok, skipped, warn
from .installation import Installation
from .machine import readable_files
from .postgres import DatabaseAway, database
from .session import REQUEST_SECONDS, session

ASK_SECONDS = 3.0
# A clearance lives for minutes, and a claim must begin within 5 s: beyond that nothing begins.
TOLERANCE_SECONDS = 1.0
UNUSABLE_SECONDS = 5.0
# No clock that is right shows a time before this code existed.
EARLIEST_NOW = datetime(2026, 11, 1, tzinfo=UTC).timestamp()
LOGS_TOLERANCE_SECONDS = 60.0
REMEDY = "timedatectl set-ntp true, on every machine"

# Gives what a clock shows, in seconds since 1970.
Clock = Callable[[], Awaitable[float]]
Measure = Callable[[], Awaitable["Skew"]]


@dataclass(frozen=True, slots=True)
class Skew:
    """How far another clock is ahead of ours, give or take."""

    ahead_seconds: float
    unsure_seconds: float

    @property
    def least_seconds(self) -> float:
        """So much it is at least, one way or the other."""
        return max(0.0, abs(self.ahead_seconds) - self.unsure_seconds)


async def look_at_clocks(installation: Installation) -> Sequence[Finding]:
    others = (*_of_nats(installation), _examine("postgres", partial(_postgres, installation)))
    return (check_own(installation, now=time.time()), *await asyncio.gather(*others))


def check_own(installation: Installation, *, now: float) -> Finding:
    """This clock against what cannot be later than now: the release, and our own logs."""
    told = datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds")
    if now < EARLIEST_NOW:
        return fail("machine", f"{told} is before this release was made", REMEDY)
    files = readable_files(installation.home.logs)
    newest = max((path.stat().st_mtime for path in files), default=0.0)
    if newest > now + LOGS_TOLERANCE_SECONDS:
        return warn("machine", f"{told}, {newest - now:.0f} s before our own logs", REMEDY)
    return ok("machine", told)


def judge(name: str, skew: Skew) -> Finding:
    side = "ahead of" if skew.ahead_seconds > 0 else "behind"
    detail = (
        f"{abs(skew.ahead_seconds):.3f} s {side} this machine, "
        f"give or take {skew.unsure_seconds:.3f} s"
    )
    if skew.least_seconds >= UNUSABLE_SECONDS:
        return fail(name, f"{detail}: claims end before they begin", REMEDY)
    if skew.least_seconds >= TOLERANCE_SECONDS:
        return warn(name, detail, REMEDY)
    return ok(name, detail)


async def measured(clock: Clock) -> Skew:
    """One look at another clock, between two at ours."""
    before = time.time()
    there = await clock()
    after = time.time()
    return Skew(there - (before + after) / 2, (after - before) / 2)


async def _examine(name: str, measure: Measure) -> Finding:
    try:
        async with asyncio.timeout(ASK_SECONDS):
            return judge(name, await measure())
    except Unexaminable as reason:
        return skipped(name, str(reason))
    except (DatabaseAway, Unanswered, TimeoutError, httpx.HTTPError) as error:
        return skipped(name, f"could not be asked ({error or type(error).__name__})")


def _of_nats(installation: Installation) -> tuple[Awaitable[Finding], ...]:
    """Every node by its monitoring; without that the leader of the log, by the log itself."""
    urls = installation.monitoring_urls
    if not urls:
        return (_examine("nats", partial(_log, installation)),)
    return tuple(_examine(f"nats {shown(url)}", partial(_node, url)) for url in urls)


async def _node(url: str) -> Skew:
    async with httpx.AsyncClient(timeout=ASK_SECONDS) as client:

        async def ask() -> float:
            answer = (await client.get(f"{url.rstrip('/')}/varz")).raise_for_status()
            return datetime.fromisoformat(answer.json()["now"]).timestamp()

        return await measured(ask)


async def _log(installation: Installation) -> Skew:
    async with session(installation, INFRA) as connected:

        async def ask() -> float:
            subject = f"$JS.API.STREAM.INFO.{RUNS}"
            answer = await connected.client.request(subject, timeout=REQUEST_SECONDS)
            told = json.loads(answer.data)
            if "ts" not in told:
                raise Unexaminable(f"there is no stream {RUNS} to ask: see the group streams")
            return datetime.fromisoformat(told["ts"]).timestamp()

        return await measured(ask)


async def _postgres(installation: Installation) -> Skew:
    async with database(installation.required_postgres()) as connection:

        async def ask() -> float:
            moment: datetime = await connection.fetchval("SELECT clock_timestamp()")
            return moment.timestamp()

        return await measured(ask)
