"""Who watches: every fact as it is stored, and what the real world was asked to do.

The oracle never asks the code under test what is right. It has the log in its one true order, the
effects and calls that were really started, and the sums in the ledger's store.
"""

from collections.abc import Mapping

from contracts.envelope import Stored
from contracts.schedule import Schedule
from contracts.subjects import ADMISSION
from contracts.tool import ToolContext, ToolManifest
from services.cost_ledger.store import MemoryLedgerStore
from services.orchestrator.rules.admission import Caps

from .answers import Answers
from .asked import Asked
from .calls import Calls
from .checked import Checked
from .cron import Crons
from .effects import Effects
from .engine import Engine
from .histories import Histories
from .log import Log, Violation
from .money import Money
from .places import Places
from .shown import Shown
from .stops import Stops
from .taint import Taint
from .ticks import Ticks


class Oracle:
    """The log, and those who watch what is done outside of it."""

    def __init__(
        self,
        engine: Engine,
        store: MemoryLedgerStore,
        limits: Caps,
        crons: Crons,
        schedules: Mapping[str, Schedule],
    ) -> None:
        self.engine = engine
        self.log = Log(engine)
        self.violations: dict[str, Violation] = {}
        self.taint = Taint(self.log, self.violate)
        self.stops = Stops(self.log, engine, self.violate)
        self.effects = Effects(self.log, self.taint, self.stops, self.violate)
        self.money = Money(self.log, store, self.violate)
        self.calls = Calls(self.log, store, self.stops, self.violate)
        self.histories = Histories(self.log, engine, self.violate)
        self.places = Places(self.log, engine, limits, self.violate)
        self.shown = Shown(self.log, self.violate)
        self.answers = Answers(self.log, self.violate)
        self.ticks = Ticks(self.log, engine, crons, schedules, self.violate)
        self.checked = Checked(self.log, self.violate)
        self.asked = Asked(self.log, engine, self.violate)
        engine.runs.listeners.append(self._stored)
        engine.streams[ADMISSION].listeners.append(self.places.changed)

    def violate(self, rule: str, sentence: str) -> None:
        """Note a broken promise, once."""
        if sentence not in self.violations:
            self.engine.trace.note(f"## {rule}: {sentence}")
            self.violations[sentence] = Violation(rule, sentence)

    def started(self, context: ToolContext, manifest: ToolManifest, arguments_json: str) -> None:
        """An effect starts now, in the world outside."""
        self.effects.started(context, manifest, arguments_json)
        self.money.started(context, manifest)

    def check_at_rest(self) -> None:
        """When the weather has been calm for long enough, nothing may be left open."""
        for watcher in (
            *(self.histories, self.effects, self.calls, self.money, self.places, self.shown),
            *(self.stops, self.answers, self.ticks, self.asked, self.checked),
        ):
            watcher.check_at_rest()

    def _stored(self, message: Stored) -> None:
        fact = self.log.take(message)
        if fact is not None:
            self.histories.stored(fact)
            self.places.stored(fact)
            self.taint.stored(fact)
            self.answers.stored(fact)
