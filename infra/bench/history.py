"""One run of a thousand calls: it ends, and what is stored grows with what is new.

Whatever the log holds of the run is content or envelope. Content are the long strings in the
bodies of its facts: texts, arguments, results, instructions. Stored once each, they would be
`unique_bytes`; what is left, `envelope_bytes`, are names, ids, digests, figures and headers. So
`stored_ratio`, what is stored over unique bytes and envelopes, is 1 where nothing is stored twice.
"""

import asyncio
import json
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

from nats.aio.client import Client

from contracts.envelope import Fact, Stored
from contracts.history import Run, measure
from contracts.model import ModelRequested
from contracts.subjects import PRODUCER, run_prefix
from infra.dev.platform import DevPlatform
from shared.connection import mark_repeated_headers
from shared.content import LogReader
from shared.runlog import RunLog
from shared.signing import load_keyring

from .steps import Ends

RUN_TIMEOUT_SECONDS = 1800.0
READ_TIMEOUT_SECONDS = 30.0
CONTENT_FROM_BYTES = 65  # a digest has 64
STEPS_COMPARED = 100
AGENTS = {"clear_results": "bench-history", "full": "bench-history-full"}
STORED_RATIO_LIMIT = 1.1


@dataclass(frozen=True)
class PolicyResult:
    """One run under one context policy."""

    policy: str
    end: str
    asked: int
    calls: int
    stored_bytes: int
    content_bytes: int
    unique_bytes: int
    envelope_bytes: int
    stored_ratio: float
    compactions: int
    summaries: int
    prompts_rebuilt: int
    prompts_wrong: int
    largest_prompt_bytes: int
    seconds: float
    ms_per_step_first: float
    ms_per_step_last: float

    def broken(self) -> list[str]:
        """Every broken promise as a sentence."""
        found = []
        if (self.end, self.calls) != ("completed", self.asked):
            found.append(f"{self.end} after {self.calls} of {self.asked} calls")
        if self.stored_ratio > STORED_RATIO_LIMIT:
            found.append(f"stored {self.stored_ratio} times what is new, past {STORED_RATIO_LIMIT}")
        if self.prompts_wrong:
            found.append(f"{self.prompts_wrong} prompts are rebuilt to another digest")
        return [f"policy {self.policy}: {sentence}" for sentence in found]


@dataclass(frozen=True)
class HistoryResult:
    """Every run; the figures on top are of the first, which has a policy.

    `found` names what broke a promise, and is empty where none was broken.
    """

    suite: str
    durability: str
    calls: int
    stored_bytes: int
    unique_bytes: int
    envelope_bytes: int
    stored_ratio: float
    runs: list[PolicyResult]
    found: list[str]

    def as_json(self) -> dict[str, object]:
        return asdict(self)


async def measure_history(
    platform: DevPlatform, calls: int, agents: Mapping[str, str] = AGENTS
) -> HistoryResult:
    """A run of so many calls for each agent, by the name of its policy.

    By default one under a policy, and one without on a model that has room.
    """
    client, infra = await platform.connect(PRODUCER), await platform.connect()
    mark_repeated_headers(infra)
    reader = LogReader(infra, "_INBOX_infra", READ_TIMEOUT_SECONDS)
    await reader.start()
    try:
        runs = [
            await _measure(platform, client, reader, policy, agent, calls)
            for policy, agent in agents.items()
        ]
    finally:
        await client.close()
        await infra.close()
    first = runs[0]
    return HistoryResult(
        suite="history",
        durability=platform.options.durability.value,
        calls=first.calls,
        stored_bytes=first.stored_bytes,
        unique_bytes=first.unique_bytes,
        envelope_bytes=first.envelope_bytes,
        stored_ratio=first.stored_ratio,
        runs=runs,
        found=[sentence for run in runs for sentence in run.broken()],
    )


async def _measure(
    platform: DevPlatform, client: Client, reader: LogReader, policy: str, agent: str, calls: int
) -> PolicyResult:
    tenant, run_id = agent, f"h{time.time_ns():x}"
    ends = Ends(tenant)
    await ends.listen(client)
    end = ends.expect(run_id)
    started = time.perf_counter()
    task = {"agent": agent, "input": f"steps={calls}"}
    await client.publish(f"run.{tenant}.{run_id}.task.submitted", json.dumps(task).encode())
    await asyncio.wait_for(end, RUN_TIMEOUT_SECONDS)
    seconds = time.perf_counter() - started
    stored = await reader.read(run_prefix(tenant, run_id), 1)
    keyring = load_keyring(platform.places.home.keys / "keyring.json")
    log = RunLog(reader, keyring, cached_runs=1)
    run = await log.read(tenant, run_id)
    return result_of(policy, calls, run, stored, seconds)


def result_of(
    policy: str, asked: int, run: Run, stored: Sequence[Stored], seconds: float
) -> PolicyResult:
    """What became of a run, what of it is stored, and whether its prompts can be rebuilt."""
    contents = [text for message in stored for text in contents_of(json.loads(message.body))]
    content = sum(map(len, contents))
    unique = sum(map(len, set(contents)))
    whole = sum(_size(message) for message in stored)
    prompts = [step.requested for step in run.steps]
    wrong = sum(measure(run, one.body.step).sha256 != one.body.prompt_sha256 for one in prompts)
    pace = _pace(prompts)
    return PolicyResult(
        policy=policy,
        end=run.status,
        asked=asked,
        calls=sum(len(step.calls) for step in run.steps),
        stored_bytes=whole,
        content_bytes=content,
        unique_bytes=unique,
        envelope_bytes=whole - content,
        stored_ratio=round(whole / (unique + whole - content), 3),
        compactions=len(run.compactions),
        summaries=sum(step.is_summary for step in run.steps),
        prompts_rebuilt=len(prompts) - wrong,
        prompts_wrong=wrong,
        largest_prompt_bytes=max(one.body.prompt_bytes for one in prompts),
        seconds=round(seconds, 1),
        ms_per_step_first=pace[0],
        ms_per_step_last=pace[1],
    )


def contents_of(value: object) -> Iterator[bytes]:
    """Every string of a body that is long enough to be content."""
    match value:
        case str() if len(value.encode()) >= CONTENT_FROM_BYTES:
            yield value.encode()
        case dict():
            for each in value.values():
                yield from contents_of(each)
        case list():
            for each in value:
                yield from contents_of(each)


def _size(message: Stored) -> int:
    headers = sum(len(name) + len(value) + 4 for name, value in message.headers.items())
    return len(message.subject) + headers + len(message.body)


def _pace(asked: list[Fact[ModelRequested]]) -> tuple[float, float]:
    """Median milliseconds between two steps, at the beginning and at the end."""
    times = [fact.stored_at.timestamp() for fact in asked if fact.stored_at is not None]
    gaps = [(later - earlier) * 1000 for earlier, later in pairwise(times)]
    return (
        round(statistics.median(gaps[:STEPS_COMPARED]), 1),
        round(statistics.median(gaps[-STEPS_COMPARED:]), 1),
    )
