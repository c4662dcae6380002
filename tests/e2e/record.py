"""Record the histories that `make replay-check` decides again: `python -m tests.e2e.record`.

Run it when a new kind of decision should be among them. What is recorded already is evidence of how
older releases decided: it is kept, and only what is not there is written. What a platform seldom
does is told by its rules instead: `python -m tests.orchestrator.record`.
"""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from infra.demo.stage import TENANT, Stage
from infra.dev.platform import DevPlatform
from tests.e2e.conftest import ignore, options

FOLDER = Path(__file__).parents[1] / "recorded"
Scene = Callable[[], Awaitable[None]]
SLOW = "Please slowly refund order {}."


class Recorder:
    """Plays scenes on a platform, as people would."""

    def __init__(self, stage: Stage, http: httpx.AsyncClient) -> None:
        self._stage = stage
        self._http = http

    async def play(self) -> list[str]:
        """The ids of the runs that are over, of every scene of which one is not recorded yet."""
        scenes: dict[Scene, tuple[str, ...]] = {
            self._asked: ("plain", "parallel", "refund", "ceiling", "continued", "forked"),
            self._reviewed: ("approved", "rejected", "edited", "cancelled"),
            self._paused: ("paused",),
            self._followed_up: ("interrupted", "enqueued", "rolled_back"),
            self._queued: ("queued",),
            self._called: ("joins", "joins_1-1-1", "handed"),
        }
        played: list[str] = []
        for scene, runs in scenes.items():
            missing = [run_id for run_id in runs if not place(run_id).exists()]
            if missing:
                await scene()
            played += missing
        return played

    async def _asked(self) -> None:
        ask = self._stage.submit
        await ask("plain", "hello")
        await ask("parallel", "I want to know all of 1042, 1043 and 1044.")
        await ask("refund", SLOW.format(1046))
        await ask("ceiling", SLOW.format(1046), limits={"steps": 1})
        await self._stage.finished("refund")
        await ask("continued", "hello again", continues="refund")
        await self._post("/runs/refund/fork", {"run_id": "forked", "step": 2})

    async def _called(self) -> None:
        await self._stage.submit("joins", "Please greet Anna and Ben.", agent="concierge")
        await self._stage.submit("handed", "Please hand me over.", agent="concierge")

    async def export(self, run_id: str) -> bytes:
        await self._stage.finished(run_id)
        await self._stage.follower.wait_for(run_id, "run.evaluated")
        answer = await self._http.get(f"/runs/{run_id}/export")
        return answer.raise_for_status().content

    async def _reviewed(self) -> None:
        for run_id in ("approved", "rejected", "edited", "cancelled"):
            await self._stage.submit(run_id, "Now refund all of order 1042.")
        await self._stage.answer("approved", "approve", "seen")
        await self._stage.answer("rejected", "reject", "this customer was paid last week")
        await self._edit("edited")
        await self._stage.follower.wait_for("cancelled", "review.requested")
        await self._stage.cancel("cancelled")

    async def _edit(self, run_id: str) -> None:
        await self._stage.follower.wait_for(run_id, "review.requested")
        arguments = {"order_id": "1042", "amount": 20.0, "reason": "Half of it."}
        own = {"authorization": f"Bearer {self._stage.platform.approver_token}"}
        body = {"arguments": arguments, "reason": "half is enough"}
        url = f"/reviews/{run_id}.2-1-1/edit"
        (await self._http.post(url, json=body, headers=own)).raise_for_status()

    async def _paused(self) -> None:
        await self._stage.submit("paused", SLOW.format(1046))
        await self._stage.follower.wait_for("paused", "model.claimed")
        await self._post("/runs/paused/pause", {"reason": "looking into it"})
        await self._stage.follower.wait_for("paused", "run.paused")
        await self._post("/runs/paused/resume", {})

    async def _followed_up(self) -> None:
        policies = {
            "interrupted": "interrupt",
            "enqueued": "enqueue",
            "rolled_back": "rollback",
        }
        for run_id, policy in policies.items():
            await self._stage.submit(run_id, SLOW.format(1046))
            await self._stage.follower.wait_for(run_id, "model.claimed")
            await self._post(f"/runs/{run_id}/input", {"text": "hello", "policy": policy})

    async def _queued(self) -> None:
        await self._stage.submit("held", SLOW.format(1046), concurrency_key="one")
        await self._stage.follower.wait_for("held", "run.started")
        await self._stage.submit("queued", "hello", concurrency_key="one")
        await self._stage.follower.wait_for("queued", "run.queued")
        await self._stage.cancel("held")

    async def _post(self, path: str, body: dict[str, object]) -> None:
        (await self._http.post(path, json=body)).raise_for_status()


def place(run_id: str) -> Path:
    return FOLDER / f"{run_id}.jsonl"


async def recorded() -> dict[str, bytes]:
    """Play what is missing on a platform of its own; the exported file of each run."""
    with tempfile.TemporaryDirectory() as home:
        async with DevPlatform.running(options(Path(home)), ignore, ignore) as platform:
            return await _record(platform)


async def _record(platform: DevPlatform) -> dict[str, bytes]:
    http = httpx.AsyncClient(
        base_url=f"{platform.console_url}/api/v1",
        headers={"authorization": f"Bearer {platform.token}"},
        params={"tenant": TENANT},
        timeout=30,
    )
    async with Stage.on(platform, ignore) as stage, http:
        recorder = Recorder(stage, http)
        return {run_id: await recorder.export(run_id) for run_id in await recorder.play()}


if __name__ == "__main__":
    for name, content in asyncio.run(recorded()).items():
        place(name).write_bytes(content)
