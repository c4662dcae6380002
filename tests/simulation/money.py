"""Promises about money: no cap is passed, no claimed hold released, and the books agree."""

from collections.abc import Callable

from contracts.envelope import Fact
from contracts.model import ModelAttemptDue, ModelAttemptRequested, ModelFailed
from contracts.money import ModelFunded
from contracts.shape import MICRO, Body
from contracts.tool import ToolContext, ToolManifest, ToolRequested
from services.cost_ledger.store import Hold, MemoryLedgerStore

from .log import Log


class Money:
    """The budgets and holds of the ledger's store, looked at after every transaction."""

    def __init__(
        self, log: Log, store: MemoryLedgerStore, violate: Callable[[str, str], None]
    ) -> None:
        self._log = log
        self._store = store
        self._violate = violate
        self._released: set[str] = set()
        self._started: set[str] = set()

    def check(self) -> None:
        """A transaction was committed."""
        for row in self._store.budgets.values():
            if row.taken_micro_usd > row.cap_micro_usd:
                self._violate("never_above_cap", f"{row.id} is above its cap")
        for hold in self._store.holds.values():
            if hold.state == "held":
                self._check_not_waiting(hold)
            if hold.state == "released" and hold.id not in self._released:
                self._released.add(hold.id)
                self._check_released(hold)

    def started(self, context: ToolContext, manifest: ToolManifest) -> None:
        """A tool starts now. What has a price has that held, in full, on every budget."""
        if not manifest.price_usd:
            return
        name = f"{context.run_id}/{context.call}-{context.attempt} ({manifest.name})"
        wanted = (context.call, context.attempt)
        asked = next(
            one
            for one in self._log.runs[context.tenant, context.run_id]
            if isinstance(one.body, ToolRequested) and (one.body.call, one.body.attempt) == wanted
        )
        self._started.add(asked.id)
        hold = self._store.holds.get(asked.id)
        if hold is None or hold.state != "held":
            state = "absent" if hold is None else hold.state
            self._violate("priced_first", f"{name} was started, and its hold is {state}")
        elif hold.amount_micro_usd < manifest.price_usd * MICRO:
            self._violate("priced_first", f"{name} was started, and less than its price is held")

    def check_at_rest(self) -> None:
        """No hold is open, and sums are those of the holds."""
        for hold in self._store.holds.values():
            if hold.state == "held":
                name = f"{hold.run_id}/{hold.step}-{hold.attempt}"
                self._violate("no_hold_left", f"the hold of {name} is still open after the end")
        for row in self._store.budgets.values():
            if row.held_micro_usd:
                self._violate("no_hold_left", f"{row.id} still has {row.held_micro_usd} held")

        for hold_id in sorted(self._started):
            hold = self._store.holds.get(hold_id)
            if hold is not None and hold.state not in ("settled", "liability"):
                name = f"{hold.run_id}/{hold.terms.call}-{hold.attempt}"
                self._violate("starts_are_paid", f"{name} was started, and its hold {hold.state}")

    def _check_not_waiting(self, hold: Hold) -> None:
        """No money is set aside for an attempt that waits for its time."""
        asked = self._log.by_id.get(hold.id)
        body = asked.body if asked is not None else None
        if not isinstance(body, ModelAttemptRequested) or not body.deferred:
            return
        dues = (one for one in self._facts(hold) if isinstance(one.body, ModelAttemptDue))
        due = next((one for one in dues if one.cause_id == hold.id), None)
        if due is None or due.time < body.not_before:
            name = f"{hold.run_id}/{hold.step}-{hold.attempt}"
            self._violate("no_hold_while_waiting", f"{name} waits, and has a hold")

    def _check_released(self, hold: Hold) -> None:
        """Only what was never claimed, or what its provider refused, cost nothing."""
        if hold.terms.call is not None:
            return  # `starts_are_paid` looks at whether it was started.
        funded = next((one for one in self._facts(hold) if self._funds(one, hold)), None)
        claim = self._log.claim(
            (hold.tenant, hold.run_id), "model.claimed", f"{hold.step}-{hold.attempt}"
        )
        if claim is None or claim.body.state != "claimed" or funded is None:
            return
        told = (_cost(one) for one in self._facts(hold) if one.cause_id == funded.id)
        if "nothing" not in told:
            name = f"{hold.run_id}/{hold.step}-{hold.attempt}"
            self._violate("claimed_stays_held", f"the claimed hold of {name} was released")

    def _facts(self, hold: Hold) -> list[Fact[Body]]:
        return self._log.runs[hold.tenant, hold.run_id]

    def _funds(self, fact: Fact[Body], hold: Hold) -> bool:
        return isinstance(fact.body, ModelFunded) and fact.body.hold_id == hold.id


def _cost(fact: Fact[Body]) -> str | None:
    """What a failure said of its cost."""
    match fact.body:
        case ModelFailed(failure=failure) | ModelAttemptRequested(previous=failure):
            return failure.billed
    return None
