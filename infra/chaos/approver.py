"""A person who answers every question about an unknown outcome by looking at the counter."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import httpx

from .counter import CounterClient
from .producer import TENANT

LOOK_SECONDS = 0.5
ANSWER_SECONDS = 10.0
LIST_LIMIT = 500
# An answer that brought no decision by then is given again.
AGAIN_AFTER_SECONDS = 10.0


@dataclass
class Approver:
    """Works through the console's API, whichever of its replicas answers."""

    consoles: Sequence[str]
    token: str
    counter: CounterClient
    answered: dict[str, float] = field(default_factory=dict)

    async def work(self) -> None:
        """Answer whatever is asked, until cancelled."""
        while True:
            for console in self.consoles:
                # Consoles and their database are killed too.
                with suppress(httpx.HTTPError):
                    await self._look(console)
                    break
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self, console: str) -> None:
        async with httpx.AsyncClient(
            base_url=f"{console}/api/v1",
            headers={"authorization": f"Bearer {self.token}"},
            timeout=ANSWER_SECONDS,
        ) as http:
            asked = await http.get("/reviews", params={"tenant": TENANT, "limit": LIST_LIMIT})
            for review in asked.raise_for_status().json():
                last = self.answered.get(review["id"])
                if last is None or time.monotonic() - last > AGAIN_AFTER_SECONDS:
                    await self._answer(http, review)

    async def _answer(self, http: httpx.AsyncClient, review: dict[str, str]) -> None:
        happened = await self.counter.has_charged(review["run_id"], review["call"])
        decision = "approve" if happened else "reject"
        reason = "the counter has it" if happened else "the counter does not have it"
        said = await http.post(
            f"/reviews/{review['id']}/{decision}",
            params={"tenant": TENANT},
            json={"reason": reason},
        )
        # A conflict means that the list is late, and that somebody has decided it.
        if said.is_success or said.status_code == httpx.codes.CONFLICT:
            self.answered[review["id"]] = time.monotonic()
