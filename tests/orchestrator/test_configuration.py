"""Under which configuration a run began: what its start tells, and what the service has read."""

import shutil
from dataclasses import replace
from pathlib import Path

from contracts.run import Configuration
from services.orchestrator.__main__ import book_of
from services.orchestrator.settings import Settings
from tests.bodies import task, task_cleared
from tests.histories import History
from tests.orchestrator.deciding import BOOK, said

SHIPPED = Path(__file__).parents[2] / "infra" / "config"


def test_a_start_tells_the_versions_of_the_book():
    history = History()
    history.say(task_cleared(), history.say(task()))
    configuration = Configuration(whole="0f3a9c1b2d4e", parts={"prices": "1f3a9c1b2d4e"})

    [start] = said(history, book=replace(BOOK, configuration=configuration))

    assert start.configuration == configuration


def test_another_price_is_another_version_of_prices_and_of_the_whole(tmp_path):
    folder = tmp_path / "config"
    shutil.copytree(SHIPPED, folder)
    settings = Settings(config_dir=folder, INTERLOCK_TOOL_MANIFESTS=tmp_path / "none.json")
    before = book_of(settings).configuration
    with (folder / "prices.yaml").open("a") as file:
        file.write("\nanother: {}\n")

    after = book_of(settings).configuration

    changed = {name for name in after.parts if after.parts[name] != before.parts[name]}
    assert changed == {"prices"}
    assert after.whole != before.whole
    assert {"models", "budgets", "tools", "policy"} <= set(after.parts)
