"""Promises about stops: what has ended, or was ordered to stop, starts nothing long after.

A start is what a service decides: from then on it is on its way to the outside. So the moment is
taken where the service hands it over, and not where a process that stood still lets go of it.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from contracts.control import ControlOrdered, RunCancelRequested
from contracts.envelope import Fact, Stored
from contracts.shape import Body
from contracts.subjects import CONTROL
from contracts.task import TaskSubmitted

from .engine import Engine
from .log import Log, Place

# After its claim, which is never won after the end, a call may be started for so long.
START_WITHIN = timedelta(seconds=5)
# An order is read every 10 s, and what was not read for 40 s is not relied upon; a copy of the log
# that lags may not show it a few times in a row.
ORDER_KNOWN_WITHIN = timedelta(seconds=70)


class Stops:
    """Starts, against the ends of their runs and the orders in force."""

    def __init__(self, log: Log, engine: Engine, violate: Callable[[str, str], None]) -> None:
        self._log = log
        self._clock = engine.clock
        self._violate = violate
        self._orders: dict[str, tuple[ControlOrdered, datetime]] = {}
        engine.streams[CONTROL].listeners.append(self._ordered)

    def started(
        self, place: Place, claim: Fact[Body] | None, start_before: datetime | None, name: str
    ) -> None:
        """A service decides now to start something that it has claimed."""
        now, end = self._clock.now(), self._log.end(place)
        if start_before is not None and now >= start_before:
            self._violate("starts_in_time", f"{name} was started at {now}, after {start_before}")
        if end is not None and end.stored_at is not None and now - end.stored_at > START_WITHIN:
            late = (now - end.stored_at).total_seconds()
            self._violate("nothing_starts_after", f"{name} was started {late:g} s after {end.type}")
        if claim is not None:
            self._check_orders(place, claim, name)

    def check_at_rest(self) -> None:
        """A run that was asked to be cancelled before its end was cancelled."""
        for place, facts in self._log.runs.items():
            end = self._log.end(place)
            asked = next((one for one in facts if isinstance(one.body, RunCancelRequested)), None)
            if end is None or asked is None or asked.sequence > end.sequence:
                continue
            if end.type != "run.cancelled":
                self._violate("cancelled_is_cancelled", f"{place[1]} was cancelled: {end.type}")

    def _check_orders(self, place: Place, claim: Fact[Body], name: str) -> None:
        task = self._log.runs[place][0].body
        assert isinstance(task, TaskSubmitted)
        for order, since in self._orders.values():
            late = claim.time - since
            if order.covers(place[0], task.agent) and late > ORDER_KNOWN_WITHIN:
                sentence = f"{name} was claimed {late.total_seconds():g} s after a stop"
                self._violate("stopped_starts_nothing", sentence)

    def _ordered(self, message: Stored) -> None:
        """The same order again, or a stricter one, began with the first."""
        order = ControlOrdered.model_validate_json(message.body)
        if order.state != "stopped":
            self._orders.pop(message.subject, None)
        else:
            self._orders.setdefault(message.subject, (order, message.stored_at))
