"""Promises about model calls: each is funded, claimed, and made once; what it cost is known."""

from collections import Counter
from collections.abc import Callable

from contracts.envelope import Fact, Stored
from contracts.history import canonical, digest
from contracts.model import ModelAttemptRequested, ModelClaimed, ModelRequested
from contracts.money import ModelFunded
from services.cost_ledger.store import MemoryLedgerStore
from services.model_router.adapters import ProviderCall

from .log import Log
from .scenarios import CONTEXT_TOKENS
from .stops import Stops

BYTES_PER_TOKEN = 3  # what a model is said to take, at the least
PAID_STATES = ("settled", "overrun", "liability")


class Calls:
    """Every call that a provider really got, and those that it bills."""

    def __init__(
        self,
        log: Log,
        store: MemoryLedgerStore,
        stops: Stops,
        violate: Callable[[str, str], None],
    ) -> None:
        self._log = log
        self._store = store
        self._stops = stops
        self._violate = violate
        self.dispatches: Counter[str] = Counter()
        self.bills: set[str] = set()
        self.begun: dict[tuple[str, str], str] = {}

    def begins(self, message: Stored) -> None:
        """The router decides now to make a call."""
        funded = self._log.named(message)
        if isinstance(funded.body, ModelFunded):
            place, key = (funded.tenant, funded.run_id), f"{funded.body.step}-{funded.body.attempt}"
            claim = self._log.claim(place, "model.claimed", key)
            body = claim.body if claim is not None else None
            start_before = body.start_before if isinstance(body, ModelClaimed) else None
            self._stops.started(place, claim, start_before, f"{funded.run_id}/{key}")

    def dispatched(self, message: Stored, call: ProviderCall) -> None:
        """A call reaches a provider now."""
        funded = self._log.named(message)
        if not isinstance(funded.body, ModelFunded):
            self._violate("funded_first", f"a call was made because of {funded.type}")
            return
        hold_id = funded.body.hold_id
        name = f"{funded.run_id}/{funded.body.step}-{funded.body.attempt}"
        self.dispatches[hold_id] += 1
        if self.dispatches[hold_id] > 1:
            self._violate("one_dispatch_per_hold", f"{name} was dispatched twice under one hold")
        hold = self._store.holds.get(hold_id)
        if hold is None or hold.state in ("refused", "released"):
            state = "absent" if hold is None else hold.state
            self._violate("funded_first", f"{name} was dispatched, and its hold is {state}")
        self._check_claim(funded, name)
        self._check_bounds(funded.body, call, name)
        self._check_prompt(funded, call, name)
        self._check_route(funded, call, name)

    def billed(self, message: Stored) -> None:
        """The provider will want money for it, whatever came of it."""
        funded = self._log.named(message)
        if isinstance(funded.body, ModelFunded):
            self.bills.add(funded.body.hold_id)

    def check_at_rest(self) -> None:
        """Nothing that a provider bills was given back as if it had cost nothing."""
        for hold_id in sorted(self.bills):
            hold = self._store.holds.get(hold_id)
            if hold is not None and hold.state not in PAID_STATES:
                name = f"{hold.run_id}/{hold.step}-{hold.attempt}"
                self._violate("bills_are_kept", f"{name} is billed, and its hold is {hold.state}")

    def _check_claim(self, funded: Fact[ModelFunded], name: str) -> None:
        place = (funded.tenant, funded.run_id)
        key = f"{funded.body.step}-{funded.body.attempt}"
        claim = self._log.claim(place, "model.claimed", key)
        if claim is None or claim.body.state != "claimed" or claim.cause_id != funded.id:
            self._violate("claimed_first", f"{name} was dispatched without a claim")
            return
        asked = self._log.by_id.get(funded.cause_id)
        body = asked.body if asked is not None else None
        if isinstance(body, ModelAttemptRequested) and claim.time < body.not_before:
            self._violate("waits_as_told", f"{name} was made at {claim.time}, before its time")

    def _check_route(self, funded: Fact[ModelFunded], call: ProviderCall, name: str) -> None:
        """Each of its steps begins where the first one did; only a fallback goes elsewhere."""
        if funded.body.attempt > 1:
            return
        first = self.begun.setdefault((funded.tenant, funded.run_id), call.route.model)
        if call.route.model != first:
            self._violate("one_route_a_run", f"{name} went to {call.route.model}, not to {first}")

    def _check_prompt(self, funded: Fact[ModelFunded], call: ProviderCall, name: str) -> None:
        """It is what was asked for in the log, to the byte, and the model has room for it."""
        facts = self._log.runs[funded.tenant, funded.run_id]
        asked = next(
            one.body
            for one in facts
            if isinstance(one.body, ModelRequested) and one.body.step == funded.body.step
        )
        prompt = canonical(call.prompt)
        if digest(call.prompt) != asked.prompt_sha256:
            self._violate("prompts_as_asked", f"{name} had another prompt than was asked for")
        room = (CONTEXT_TOKENS[asked.alias] - call.max_output_tokens) * BYTES_PER_TOKEN
        if len(prompt) > room:
            self._violate("room_is_kept", f"{name} had {len(prompt)} bytes, and room for {room}")

    def _check_bounds(self, hold: ModelFunded, call: ProviderCall, name: str) -> None:
        if f"{call.route.provider}/{call.route.model}" not in hold.routes:
            self._violate("within_the_hold", f"{name} went by a route that its hold does not cover")
        if len(canonical(call.prompt)) > hold.max_prompt_bytes:
            self._violate("within_the_hold", f"{name} had a longer prompt than its hold covers")
        if call.max_output_tokens > hold.max_output_tokens:
            self._violate("within_the_hold", f"{name} may answer more than its hold covers")
