"""Promises about admission: as many runs are open as may be, and of one key one at a time.

And in no minute do more start than may. That is told of places as they are stored: whoever has one
may be held up by a crash, and start when others do.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from contracts.envelope import Fact, Stored
from contracts.run import RunStarted
from contracts.shape import Body
from contracts.subjects import ADMISSION
from contracts.task import TaskSubmitted
from services.orchestrator.handlers.admission import VALUE
from services.orchestrator.rules.admission import Admissions, Caps
from services.orchestrator.rules.rates import Rates

from .engine import Engine
from .log import Log, Place
from .wire import LATE_SECONDS

MINUTE = timedelta(minutes=1)
ON_ITS_WAY = timedelta(seconds=LATE_SECONDS + 1)  # from decision to the log, at most


def caps(chance: Random, rates: Random) -> Caps:
    """Mostly none; sometimes few places, or few starts in a minute, so that runs wait."""
    return Caps(
        open_runs=chance.choice((None, None, 2)),
        open_runs_per_tenant=chance.choice((None, None, 1)),
        queued_runs_per_tenant=chance.choice((200, 200, 1)),
        queue_seconds=chance.choice((3600.0, 3600.0, 20.0)),
        rates=Rates(
            per_tenant=rates.choice((None, None, None, 2)),
            per_key=rates.choice((None, None, None, 1)),
        ),
    )


class Places:
    """Who is open, by the log alone; and who was let in when."""

    def __init__(
        self, log: Log, engine: Engine, limits: Caps, violate: Callable[[str, str], None]
    ) -> None:
        self._log = log
        self._engine = engine
        self._caps = limits
        self._violate = violate
        self._started: list[Place] = []
        self._have: set[Place] = set()
        self._let_in: dict[tuple[str, str], list[datetime]] = defaultdict(list)

    def stored(self, fact: Fact[Body]) -> None:
        """A fact was stored now. A child lives in the place of the run that called it.

        Whom a check asks lives in that of the run that is checked.
        """
        place = (fact.tenant, fact.run_id)
        if not isinstance(fact.body, RunStarted):
            return
        task = self._task(place)
        if task.parent is not None or task.checking is not None:
            return
        self._started = [one for one in self._started if self._log.end(one) is None]
        self._started.append(place)
        mine = [one for one in self._started if one[0] == fact.tenant]
        limits = (
            ("open_runs", self._started, self._caps.open_runs),
            ("open_runs_per_tenant", mine, self._caps.open_runs_per_tenant),
        )
        for name, found, most in limits:
            if most is not None and len(found) > most:
                self._violate("caps_hold", f"{len(found)} are open by {name}: {found}")
        key = self._task(place).concurrency_key
        alike = [one for one in mine if key and self._task(one).concurrency_key == key]
        if len(alike) > 1:
            self._violate("one_run_a_key", f"{alike} are open, and all have the key {key}")

    def changed(self, message: Stored) -> None:
        """Places were given or taken now."""
        if not message.subject.endswith(f".{VALUE}"):
            return
        state = Admissions.model_validate_json(message.body)
        for one in state.open:
            if one.name not in self._have:
                self._check_rate("tenant", one.tenant, self._caps.rates.per_tenant)
                if one.concurrency_key is not None:
                    named = f"{one.tenant}/{one.concurrency_key}"
                    self._check_rate("key", named, self._caps.rates.per_key)
        self._have = {one.name for one in state.open}

    def _check_rate(self, kind: str, name: str, most: int | None) -> None:
        moments = self._let_in[kind, name]
        moments.append(self._engine.clock.now())
        if most is None or len(moments) <= most:
            return
        apart = moments[-1] - moments[-1 - most]
        if apart < MINUTE - ON_ITS_WAY:
            self._violate("rates_hold", f"{most + 1} runs of {kind} {name} started in {apart}")

    def check_at_rest(self) -> None:
        """Nobody waits. A place that a run took when it was over is taken back once one does."""
        found = self._engine.streams[ADMISSION].messages
        named = [one for one in found if one.subject.endswith(f".{VALUE}")]
        state = Admissions.model_validate_json(named[-1].body) if named else Admissions()
        for one in state.waiting:
            self._violate("nobody_waits_for_ever", f"{one.run_id} still waits for a place")

    def _task(self, place: Place) -> TaskSubmitted:
        body = self._log.runs[place][0].body
        assert isinstance(body, TaskSubmitted)
        return body
