"""All SQL of the ledger: two functions in the database, and the reads around them.

A hold is one statement, a settlement one look and one statement: each is one transaction of its
own, so that the row of a tenant is locked for as short as the disk allows. A ledger in memory that
makes the same promises stands beside it.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import asyncpg

from contracts.money import BudgetShare, MoneySettled
from services.cost_ledger.metrics import Standing
from services.cost_ledger.rules.budgets import Cap, run_budget
from services.cost_ledger.rules.offer import Refused, Terms
from services.cost_ledger.rules.request import Request
from services.cost_ledger.rules.settlement import Resolution, State

TAKE = "SELECT * FROM take_hold($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13)"
RESOLVE = "SELECT resolve_hold($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)"
STANDINGS = """
SELECT DISTINCT ON (name) *, split_part(budget, '@', 1) AS name
FROM budget_status WHERE budget NOT LIKE 'run:%'
ORDER BY name, created_at DESC LIMIT $1
"""
STANDINGS_LIMIT = 10_000
UNSETTLED = """
SELECT * FROM holds WHERE tenant = $1 AND run_id = $2 AND (state = 'held' OR resolved_by = $3)
ORDER BY step, attempt LIMIT $4
"""
# A run has a ceiling of steps; this one is for the day that somebody lifts it.
UNSETTLED_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Hold:
    """One hold as it is stored. `answer` is what the request was told."""

    id: str
    tenant: str
    run_id: str
    step: int
    attempt: int
    agent: str
    amount_micro_usd: int
    terms: Terms
    state: State
    answer: tuple[BudgetShare, ...] | Refused
    resolved_by: str | None
    resolution: MoneySettled | None


class LedgerStore:
    """Budgets and holds in PostgreSQL."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def take(self, request: Request, terms: Terms, caps: Sequence[Cap]) -> Hold:
        """Hold the amount on every budget, or on none; a request gets one answer for ever."""
        row = await self._pool.fetchrow(
            TAKE,
            request.id,
            request.tenant,
            request.customer,
            request.feature,
            request.agent.name,
            request.run_id,
            request.step,
            request.attempt,
            request.alias,
            terms.amount_micro_usd,
            terms.model_dump_json(),
            [cap.budget for cap in caps],
            [cap.cap_micro_usd for cap in caps],
        )
        assert row is not None, "take_hold returns the hold, or the refusal, as a row"
        return _hold(row)

    async def find(self, hold_id: str) -> Hold | None:
        """A hold by the id of its request."""
        row = await self._pool.fetchrow("SELECT * FROM holds WHERE id = $1", hold_id)
        return None if row is None else _hold(row)

    async def resolve(
        self, hold: Hold, to: Resolution, settled: MoneySettled, cause_id: str, route: str | None
    ) -> bool:
        """Bring a hold to its next state; False where it is not in the state it was seen in."""
        provider, _, model = route.partition("/") if route else (None, None, None)
        done: bool = await self._pool.fetchval(
            RESOLVE,
            hold.id,
            hold.state,
            to.state,
            to.held,
            to.settled,
            to.liability,
            to.overrun,
            to.cost_micro_usd,
            provider,
            model,
            cause_id,
            settled.model_dump_json(),
        )
        return done

    async def close_run(self, tenant: str, run_id: str) -> None:
        """Take no further hold for this run, even for a request that is being handled now."""
        await self._pool.execute("SELECT close_run($1, $2)", run_budget(tenant, run_id), tenant)

    async def unsettled(self, tenant: str, run_id: str, cause_id: str) -> list[Hold]:
        """The open holds of a run, and those that this very cause has settled before."""
        rows = await self._pool.fetch(UNSETTLED, tenant, run_id, cause_id, UNSETTLED_LIMIT)
        return [_hold(row) for row in rows]

    async def standings(self) -> list[Standing]:
        """The latest window of every budget that is not a run's."""
        return [
            Standing(
                row["name"],
                row["cap_micro_usd"],
                row["remaining_micro_usd"],
                row["held_micro_usd"],
                row["liability_micro_usd"],
                is_frozen=row["frozen"] is not None,
            )
            for row in await self._pool.fetch(STANDINGS, STANDINGS_LIMIT)
        ]

    async def set_caps(self, caps: Iterable[Cap]) -> None:
        """Give budgets these caps; one that is above its new cap is frozen where it is."""
        await self._pool.executemany(
            "SELECT set_cap($1, $2, $3)",
            [(cap.budget, cap.tenant, cap.cap_micro_usd) for cap in caps],
        )


def _hold(row: asyncpg.Record) -> Hold:
    answer = json.loads(row["answer"])
    return Hold(
        id=row["id"],
        tenant=row["tenant"],
        run_id=row["run_id"],
        step=row["step"],
        attempt=row["attempt"],
        agent=row["agent"],
        amount_micro_usd=row["amount_micro_usd"],
        terms=Terms.model_validate_json(row["terms"]),
        state=row["state"],
        answer=(
            Refused.model_validate(answer)
            if row["state"] == "refused"
            else tuple(BudgetShare.model_validate(share) for share in answer)
        ),
        resolved_by=row["resolved_by"],
        resolution=(
            MoneySettled.model_validate_json(row["resolution"]) if row["resolution"] else None
        ),
    )


@dataclass(slots=True)
class MemoryBudget:
    """The row of one budget, with the constraint that the database puts on it."""

    id: str
    cap_micro_usd: int
    held_micro_usd: int = 0
    settled_micro_usd: int = 0
    liability_micro_usd: int = 0
    overrun_micro_usd: int = 0
    frozen: str | None = None

    @property
    def taken_micro_usd(self) -> int:
        return self.settled_micro_usd + self.held_micro_usd + self.liability_micro_usd

    @property
    def remaining_micro_usd(self) -> int:
        return self.cap_micro_usd - self.taken_micro_usd

    def moved(self, held: int, settled: int, liability: int, overrun: int) -> "MemoryBudget":
        """The row after a movement.

        Raises:
            asyncpg.CheckViolationError: a sum would be below nothing, or all of them above the cap.
        """
        row = replace(
            self,
            held_micro_usd=self.held_micro_usd + held,
            settled_micro_usd=self.settled_micro_usd + settled,
            liability_micro_usd=self.liability_micro_usd + liability,
            overrun_micro_usd=self.overrun_micro_usd + overrun,
        )
        sums = (row.held_micro_usd, row.settled_micro_usd, row.liability_micro_usd)
        if min(*sums, row.overrun_micro_usd) < 0 or row.remaining_micro_usd < 0:
            raise asyncpg.CheckViolationError(f"{row.id}: never_above_cap")
        return row


class MemoryLedgerStore:
    """The same promises in memory: every call is one transaction, all of it or nothing."""

    def __init__(self) -> None:
        self.budgets: dict[str, MemoryBudget] = {}
        self.holds: dict[str, Hold] = {}
        self._budgets_of: dict[str, tuple[str, ...]] = {}

    async def take(self, request: Request, terms: Terms, caps: Sequence[Cap]) -> Hold:
        for cap in caps:
            self.budgets.setdefault(cap.budget, MemoryBudget(cap.budget, cap.cap_micro_usd))
        if request.id in self.holds:
            return self.holds[request.id]
        rows = [self.budgets[cap.budget] for cap in caps]
        refusing = [
            row for row in rows if row.frozen or row.remaining_micro_usd < terms.amount_micro_usd
        ]
        answer: tuple[BudgetShare, ...] | Refused
        if refusing:
            first = min(refusing, key=_refuses_first)
            answer = Refused(
                budget=first.id, frozen=first.frozen, remaining_micro_usd=first.remaining_micro_usd
            )
        else:
            rows = self._move([row.id for row in rows], held=terms.amount_micro_usd)
            answer = tuple(
                BudgetShare(budget=row.id, remaining_micro_usd=row.remaining_micro_usd)
                for row in sorted(rows, key=lambda row: row.id)
            )
        self._budgets_of[request.id] = tuple(row.id for row in rows)
        hold = self.holds[request.id] = Hold(
            id=request.id,
            tenant=request.tenant,
            run_id=request.run_id,
            step=request.step,
            attempt=request.attempt,
            agent=request.agent.name,
            amount_micro_usd=terms.amount_micro_usd,
            terms=terms,
            state="refused" if refusing else "held",
            answer=answer,
            resolved_by=None,
            resolution=None,
        )
        return hold

    async def find(self, hold_id: str) -> Hold | None:
        return self.holds.get(hold_id)

    async def resolve(
        self,
        hold: Hold,
        to: Resolution,
        settled: MoneySettled,
        cause_id: str,
        route: str | None,  # noqa: ARG002 - what reports are made of, and nobody asks here
    ) -> bool:
        now = self.holds[hold.id]
        if now.state != hold.state:
            return False
        budgets = self._budgets_of[hold.id]
        for row in self._move(budgets, to.held, to.settled, to.liability, to.overrun):
            row.frozen = "overrun" if to.state == "overrun" else row.frozen
        self.holds[hold.id] = replace(now, state=to.state, resolved_by=cause_id, resolution=settled)
        return True

    async def close_run(self, tenant: str, run_id: str) -> None:
        name = run_budget(tenant, run_id)
        row = self.budgets.setdefault(name, MemoryBudget(name, 0))
        row.frozen = row.frozen or "run_ended"

    async def unsettled(self, tenant: str, run_id: str, cause_id: str) -> list[Hold]:
        found = [
            hold
            for hold in self.holds.values()
            if (hold.tenant, hold.run_id) == (tenant, run_id)
            and (hold.state == "held" or hold.resolved_by == cause_id)
        ]
        return sorted(found, key=lambda hold: (hold.step, hold.attempt))[:UNSETTLED_LIMIT]

    def _move(
        self,
        budgets: Iterable[str],
        held: int = 0,
        settled: int = 0,
        liability: int = 0,
        overrun: int = 0,
    ) -> list[MemoryBudget]:
        """Move the sums of all of them, or of none."""
        rows = [self.budgets[name].moved(held, settled, liability, overrun) for name in budgets]
        self.budgets.update({row.id: row for row in rows})
        return rows


def _refuses_first(row: MemoryBudget) -> tuple[bool, str, int, str]:
    """The order in which the database names what refuses a hold."""
    frozen = row.frozen or "~"  # after every reason there is
    return row.frozen != "run_ended", frozen, row.remaining_micro_usd, row.id
