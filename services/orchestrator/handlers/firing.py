"""A timer of the engine fired: its run is woken, or the task of its schedule is submitted."""

from dataclasses import dataclass
from datetime import timedelta

from nats.aio.msg import Msg

from contracts.envelope import Stored
from contracts.subjects import TIMERS
from services.orchestrator.handlers.advancing import wake
from services.orchestrator.handlers.desk import Desk
from services.orchestrator.handlers.scheduling import Clockwork
from shared.bus import Bus
from shared.crashes import CrashBudget
from shared.deadletters import DeadLetters
from shared.delivery import CRASH_LOOP, stored_from


@dataclass(frozen=True)
class Alarm:
    """Hears `timer.fired.<tenant>.<run_id>`, and of schedules `timer.due.<name>`.

    Timers have a crash budget of their own; one that has used it up is parked.
    """

    bus: Bus
    desk: Desk
    clockwork: Clockwork
    budget: CrashBudget
    dead_letters: DeadLetters
    parked_for: timedelta

    async def hear(self, message: Msg) -> None:
        """Handle one delivery of one timer."""
        timer, number = stored_from(message), message.metadata.num_delivered or 1
        async with self.budget.delivery(timer.sequence, number) as crashes:
            if crashes >= self.budget.limit:
                await self._park(timer, crashes)
            else:
                await self._ring(timer)
            await message.ack()

    async def _ring(self, timer: Stored) -> None:
        match timer.subject.split("."):
            case [_, _, tenant, run_id]:
                await wake(tenant, run_id, self.bus, self.desk)
            case [_, _, name]:
                await self.clockwork.fire(name, timer.stored_at, self.bus)

    async def _park(self, timer: Stored, crashes: int) -> None:
        """Report it. The timer of a run is set again, for without one the run would hang."""
        reason = f"to be woken ended {crashes} processes in a row"
        await self.dead_letters.put(timer, TIMERS, CRASH_LOOP, reason)
        match timer.subject.split("."):
            case [_, _, tenant, run_id]:
                at = self.bus.clock.now() + self.parked_for
                await self.desk.timers.wake(tenant, run_id, at)
