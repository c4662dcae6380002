"""Orders that change while runs are under way, and who gives them."""

from dataclasses import dataclass

from services.console.api import control
from services.console.api.control import NewOrder
from services.console.api.shapes import OrderView

from .scenarios import AGENTS, TENANTS
from .someone import OLGA, Someone

ORDERS_AT_MOST = 2
ORDERED = 0.4  # of worlds
ORDER_WITHIN_SECONDS, STANDSTILL_SECONDS = 40.0, (60.0, 60.0, 240.0)
STATES = ("paused", "paused", "stopped")
SCOPES = (
    *(("tenant", name) for name in TENANTS),
    *(("agent", name) for name in ("asker", "boss", "reader", "writer")),
    ("platform", None),
)


@dataclass
class Operators(Someone):
    """Whoever pauses an agent, a tenant or the platform, or stops it; and lets it run again."""

    def begin(self) -> None:
        if self.chance.random() < ORDERED:
            for _ in range(self.chance.randrange(1, ORDERS_AT_MOST + 1)):
                self._begin(self._interfere())

    async def _interfere(self) -> None:
        scope, name = self.chance.choice(SCOPES)
        assert scope != "agent" or name in AGENTS
        await self._wait(ORDER_WITHIN_SECONDS)
        await self._give(scope, name, self.chance.choice(STATES))
        await self._wait(self.chance.choice(STANDSTILL_SECONDS))
        await self._give(scope, name, "running")

    async def _give(self, scope: str, name: str | None, state: str) -> None:
        order = NewOrder(scope=scope, name=name, state=state)
        given = await self._ask(lambda desk: control.give(order, OLGA, desk))
        if isinstance(given, OrderView):
            self.consoles.asked.ordered(given)
