"""A run that ended while PostgreSQL was away for long: its holds are settled by a redrive.

The end of a run is heard once, and given up on after its deliveries: the hold of a call that nobody
will make would stay for ever, and narrow the budgets above it.
"""

from dataclasses import replace
from functools import partial

import asyncpg
import pytest

from contracts.envelope import encode
from contracts.model import ModelClaimed
from contracts.money import MoneySettled
from contracts.run import RunFailed
from contracts.subjects import CONSOLE, LEDGER, ORCHESTRATOR, kind_of
from services.console.dead_letters import open_dead_letters, redrive
from services.cost_ledger.adapters import FixedPriceBook
from services.cost_ledger.handlers import Desk, hears
from services.cost_ledger.rules.budgets import Budgets
from services.cost_ledger.settings import Settings
from services.cost_ledger.store import LedgerStore
from shared.catalogue import Alias, Models
from shared.signing import load_signer
from tests.bodies import model_requested
from tests.cost_ledger.tariffs import INSTANT, flat
from tests.histories import History
from tests.integration.eventually import eventually
from tests.integration.nats_platform import DELIVERIES


class Outage:
    """A pool whose server can go away."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self.away = False

    def __getattr__(self, name: str):
        if self.away:
            raise ConnectionRefusedError("PostgreSQL is away")
        return getattr(self._pool, name)


@pytest.fixture
async def pool(postgres_dsn):
    async with asyncpg.create_pool(postgres_dsn, min_size=1, max_size=4) as opened:
        await opened.execute("TRUNCATE budgets, holds, entries")
        yield Outage(opened)


@pytest.fixture
def few_deliveries(monkeypatch):
    monkeypatch.setattr("shared.delivery.Patience.is_last", lambda _, n: n >= DELIVERIES)


async def begin_run(platform) -> None:
    """The facts of a started run, each signed by its owner."""
    history = History()
    history.begin()
    js = await platform.jetstream()
    for fact in history.facts:
        seed = platform.home.keys / f"{kind_of(fact.type).owner}.seed"
        message = encode(replace(fact, sequence=0), load_signer(seed if seed.exists() else None))
        await js.publish(message.subject, message.body, headers=message.headers)


async def hear_ledger(platform, pool) -> None:
    core = await platform.connect(LEDGER)
    desk = Desk(
        store=LedgerStore(pool),
        models=Models(aliases={"default": Alias(routes=(INSTANT,))}),
        prices=FixedPriceBook({"fake/instant": flat("1")}),
        budgets=Budgets(window="total"),
        settings=Settings(),
    )
    bound = {type_: partial(one, bus=core.bus, desk=desk) for type_, one in hears.by_type.items()}
    await platform.hear(core, LEDGER, bound, cap_seconds=0.01)


async def hold_state(pool) -> str | None:
    return await pool.fetchval("SELECT state FROM holds WHERE run_id = 'r-1'")


async def test_holds_of_a_run_that_ended_during_an_outage_are_settled_by_a_redrive(
    nats_platform, pool, few_deliveries
):
    await begin_run(nats_platform)
    await hear_ledger(nats_platform, pool)
    orchestrator = (await nats_platform.connect(ORCHESTRATOR)).bus
    run = await orchestrator.read("acme", "r-1")
    await orchestrator.append(run, run.started.id, model_requested(1))

    async def held() -> bool:
        return await hold_state(pool) == "held"

    await eventually(held)

    pool.away = True
    run = await orchestrator.read("acme", "r-1")
    await orchestrator.append(run, run.root, RunFailed(rule="deadline_passed", reason="late"))
    await eventually(nats_platform.dead_letters)
    pool.away = False
    assert await hold_state(pool) == "held"

    console = await nats_platform.connect(CONSOLE)
    box = await open_dead_letters(console, 100, 2.0)
    [letter] = await box.letters()
    assert (letter.rule, letter.type) == ("handler_failed", "run.failed")
    await redrive(letter, box, console.bus, "anna@example.org", "PostgreSQL is back")

    async def released() -> bool:
        return await hold_state(pool) == "released"

    await eventually(released)
    facts = await orchestrator.runs.facts("acme", "r-1")
    assert [one.body.state for one in facts if isinstance(one.body, MoneySettled)] == ["released"]
    # Revoked first, so that nobody can make the call that is no longer paid for.
    assert [one.body.state for one in facts if isinstance(one.body, ModelClaimed)] == ["revoked"]
    assert (await box.letter(letter.number)).state == "redriven"
