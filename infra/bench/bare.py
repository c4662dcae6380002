"""The floor: the same server, a chain of eight bare facts a step, nothing else done with them.

Measured in the same run as the platform, so that a noisy machine slows both alike. One process
plays all roles; each hears one subject, and says the next with a message id.
"""

import asyncio
import contextlib
import time
from dataclasses import dataclass

import nats.errors
import psutil
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import ConsumerConfig, StreamConfig
from nats.js.client import JetStreamContext

STREAM = "BARE"
FACTS = 8
BODY = b"x" * 400
FETCH = 50
FETCH_SECONDS = 0.5
CHAIN_TIMEOUT_SECONDS = 120.0


@dataclass(frozen=True)
class BareResult:
    """What a step of bare facts costs here and now."""

    steps_per_second: float
    cpu_ms_per_step: float


async def measure_bare(infra: Client, server_pid: int, runs: int, steps: int) -> BareResult:
    """Drive `runs` chains of `steps` steps at once through a stream of their own."""
    jetstream = infra.jetstream()
    await jetstream.add_stream(StreamConfig(name=STREAM, subjects=["bare.>"]))
    chain = _Chain(jetstream, runs, steps)
    try:
        roles = [asyncio.create_task(chain.play(role)) for role in range(FACTS)]
        await chain.ready()
        server = psutil.Process(server_pid)
        cpu, started = _cpu_seconds(server), time.perf_counter()
        await chain.start()
        async with asyncio.timeout(CHAIN_TIMEOUT_SECONDS):
            await chain.done.wait()
        seconds, spent = time.perf_counter() - started, _cpu_seconds(server) - cpu
        for role in roles:
            role.cancel()
        await asyncio.gather(*roles, return_exceptions=True)
    finally:
        await jetstream.delete_stream(STREAM)
    total = runs * steps
    return BareResult(round(total / seconds, 1), round(spent * 1000 / total, 2))


def _cpu_seconds(server: psutil.Process) -> float:
    return time.process_time() + sum(server.cpu_times()[:2])


class _Chain:
    """Fact k of a step is followed by fact k+1; the last one by the first of the next step."""

    def __init__(self, jetstream: JetStreamContext, runs: int, steps: int) -> None:
        self._jetstream = jetstream
        self._runs = runs
        self._steps = steps
        self._left = runs
        self._listening = 0
        self._all_listen = asyncio.Event()
        self.done = asyncio.Event()

    async def ready(self) -> None:
        await self._all_listen.wait()

    async def start(self) -> None:
        await asyncio.gather(*(self._say(run, 0, 0) for run in range(self._runs)))

    async def play(self, role: int) -> None:
        """Hear fact `role` of every run, and say the next."""
        durable = f"role-{role}"
        config = ConsumerConfig(durable_name=durable, filter_subject=f"bare.*.*.{role}")
        await self._jetstream.add_consumer(STREAM, config)
        pull = await self._jetstream.pull_subscribe_bind(durable, stream=STREAM)
        self._listening += 1
        if self._listening == FACTS:
            self._all_listen.set()
        while True:
            with contextlib.suppress(nats.errors.TimeoutError):
                heard = await pull.fetch(FETCH, timeout=FETCH_SECONDS)
                await asyncio.gather(*(self._follow(message, role) for message in heard))

    async def _follow(self, message: Msg, role: int) -> None:
        _, run, step, _ = message.subject.split(".")
        if role + 1 < FACTS:
            await self._say(int(run), int(step), role + 1)
        elif int(step) + 1 < self._steps:
            await self._say(int(run), int(step) + 1, 0)
        else:
            self._left -= 1
            if self._left == 0:
                self.done.set()
        await message.ack()

    async def _say(self, run: int, step: int, fact: int) -> None:
        subject = f"bare.{run}.{step}.{fact}"
        await self._jetstream.publish(subject, BODY, headers={"Nats-Msg-Id": subject})
