"""The shipped configuration, and what a mistake in one is told."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from contracts.hearings import HEARINGS
from contracts.subjects import LEDGER
from services.cost_ledger.__main__ import wire
from services.cost_ledger.handlers import hears
from services.cost_ledger.rules.budgets import Budgets, named_caps
from services.cost_ledger.settings import Settings
from shared.catalogue import load_models
from shared.clock import SystemClock
from shared.config import load_yaml
from shared.errors import ConfigError
from tests.cost_ledger.tariffs import CONFIG
from tests.roles import dsn_of


def test_every_name_of_the_budgets_file_has_a_cap_in_the_window():
    budgets = load_yaml(CONFIG / "budgets.yaml", Budgets)

    caps = named_caps(budgets, datetime(2026, 11, 3, tzinfo=UTC))

    assert [(cap.budget, cap.cap_micro_usd) for cap in caps] == [
        ("tenant:demo@2026-11", 25_000_000),
        ("customer:demo/c-311@2026-11", 2_000_000),
        ("feature:demo/helpdesk@2026-11", 20_000_000),
    ]


def test_a_route_to_an_unknown_provider_is_told_with_its_alias(tmp_path):
    route = "{provider: opneai, api: openai.chat, model: gpt-5}"
    (tmp_path / "models.yaml").write_text(f"aliases:\n  default:\n    routes: [{route}]\n")

    with pytest.raises(ConfigError, match="alias 'default' goes to the provider 'opneai'"):
        load_models(tmp_path)


def test_there_is_a_handler_for_everything_that_the_ledger_hears():
    heard = {type_ for one in HEARINGS if one.service == LEDGER for type_ in one.types}

    assert heard == set(hears.by_type)


async def test_the_service_starts_on_the_shipped_configuration(pool, postgres_dsn):
    settings = Settings(postgres_dsn=dsn_of(LEDGER, postgres_dsn), config_dir=CONFIG)
    core = SimpleNamespace(bus=SimpleNamespace(clock=SystemClock()))

    async with wire(core, settings) as wired:
        assert wired["desk"].prices.version.startswith("genai-prices-")

    assert await pool.fetchval("SELECT count(*) FROM budget_status WHERE tenant = 'demo'") == 3
