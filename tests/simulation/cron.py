"""Schedules that the engine repeats: at each tick a message is stored, seldom late or twice.

A leader that takes over may fire late what its predecessor missed, or once more what it had fired.
"""

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from random import Random

from .engine import Engine
from .faults import Fault, Faults
from .loop import EPOCH

TICKS = 3  # of each schedule; then the world looks no further
# The name of a run has the minute of its tick, so a tick that is fired late stays in it.
LATE_SECONDS = 4.5


class Crons:
    """Fires what repeats, and remembers when it was due."""

    def __init__(self, engine: Engine, faults: Faults, chance: Random) -> None:
        self._engine = engine
        self._faults = faults
        self._chance = chance
        self._running: dict[str, str] = {}
        self._fired: Counter[str] = Counter()
        self.due: dict[str, list[datetime]] = defaultdict(list)
        engine.on_cron = self.repeat

    def is_over(self, name: str) -> bool:
        """Whether the last tick that the world waits for was fired."""
        return self._fired[name] >= TICKS

    def repeat(self, subject: str, spec: str, target: str) -> None:
        """A schedule was set. The same one again changes nothing."""
        if self._running.get(subject) != spec:
            self._running[subject] = spec
            self._plan(subject, spec, target)

    def _plan(self, subject: str, spec: str, target: str) -> None:
        at = next_tick(spec, self._engine.clock.now())
        seconds = (at - EPOCH).total_seconds()
        self._engine.loop.call_at(seconds, self._tick, subject, spec, target)

    def _tick(self, subject: str, spec: str, target: str) -> None:
        if self._running.get(subject) != spec or self.is_over(
            name := subject.rsplit(".", maxsplit=1)[-1]
        ):
            return
        self.due[name].append(self._engine.clock.now())
        late = self._late() if self._faults.strikes(Fault.LATE_TICK) else 0.0
        self._engine.loop.call_later(late, self._fire, name, target)
        if self._faults.strikes(Fault.SECOND_TICK):
            self._engine.loop.call_later(late + self._late(), self._engine.fire, target)
        self._plan(subject, spec, target)

    def _fire(self, name: str, target: str) -> None:
        self._fired[name] += 1
        self._engine.fire(target)

    def _late(self) -> float:
        return self._chance.random() * LATE_SECONDS


def next_tick(spec: str, after: datetime) -> datetime:
    """The next moment of a schedule `<second> * * * * *`; those of the simulation are all such."""
    second, *others = spec.split()
    assert others == ["*"] * 5, f"{spec}: this engine knows only minutes"
    at = after.replace(second=int(second), microsecond=0)
    return at if at > after else at + timedelta(minutes=1)
