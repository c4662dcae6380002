"""Somebody who changes their mind: some runs are cancelled while they are at work."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random

import httpx

from .producer import TENANT

# Every eighth run is cancelled, so long after it was submitted at most.
CANCEL_EVERY = 8
CANCEL_WITHIN_SECONDS = 4.0
ANSWER_SECONDS = 5.0
PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.5


@dataclass(frozen=True)
class Canceller:
    """Asks the console, whichever of its replicas answers."""

    consoles: Sequence[str]
    token: str
    seed: int

    async def may_cancel(self, run_id: str, number: int) -> None:
        """Cancel the run after a while, if it is one of those."""
        if number % CANCEL_EVERY:
            return
        dice = Random(f"{self.seed} {number}")  # noqa: S311  it must come out the same again
        await asyncio.sleep(dice.random() * CANCEL_WITHIN_SECONDS)
        gives_up_at = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < gives_up_at:
            for console in self.consoles:
                # Consoles are killed too.
                with suppress(httpx.HTTPError):
                    if await self._cancel(console, run_id):
                        return
            await asyncio.sleep(PAUSE_SECONDS)

    async def _cancel(self, console: str, run_id: str) -> bool:
        """Whether it is asked for, or the run is over."""
        async with httpx.AsyncClient(
            base_url=f"{console}/api/v1",
            headers={"authorization": f"Bearer {self.token}"},
            timeout=ANSWER_SECONDS,
        ) as http:
            said = await http.post(
                f"/runs/{run_id}/cancel",
                params={"tenant": TENANT},
                json={"reason": "the customer changed their mind"},
            )
        return said.is_success or said.status_code == httpx.codes.CONFLICT
