"""The commands of the recipe for dead letters, run in their order against the real API."""

import re
import shlex

import httpx
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from contracts.subjects import LEDGER, RUNS
from services.console.cli import app as commands
from services.console.dead_letters import DeadLetter
from shared.delivery import CRASH_LOOP
from shared.redrive import UNFIT
from shared.settings import ServiceSettings
from tests.bodies import NOON
from tests.console.conftest import app, bus, desk, settings, take  # noqa: F401 - fixtures
from tests.docs.test_documents import ROOT, blocks
from tests.histories import whole_run

RECIPE = "docs/recipes/dead_letters.md"


@pytest.fixture
def box(take, bus, desk):  # noqa: F811 - fixtures
    """Four letters of the ledger about one fact."""
    take(whole_run())
    fact = next(one for one in bus.facts if one.type == "model.requested")
    desk.dead_letters.stored[:] = [
        DeadLetter(
            number=number,
            stored_at=NOON,
            service=LEDGER,
            stream=RUNS,
            sequence=fact.sequence,
            subject=f"run.acme.r-1.{fact.type}",
            rule="handler_failed",
            reason="PostgreSQL is away",
            tenant="acme",
            run_id="r-1",
            type=fact.type,
        )
        for number in (1, 2, 3, 4)
    ]
    return desk.dead_letters


def test_the_commands_that_are_shown_do_what_is_said(app, box, monkeypatch):  # noqa: F811 - as above
    def client(base_url, headers, timeout):
        return TestClient(app, base_url=base_url, headers=headers)

    monkeypatch.setattr(httpx, "Client", client)
    monkeypatch.setenv("INTERLOCK_URL", "http://console")
    monkeypatch.setenv("INTERLOCK_TOKEN", "anna-token")
    # The third is left for the filter; the second is discarded, and is not to be redriven before.
    box.stored[1] = box.stored[1].model_copy(update={"rule": "bad_body"})
    # The fourth is what its filter discards.
    box.stored[3] = box.stored[3].model_copy(update={"rule": "bad_body", "tenant": "shop"})

    shown = "".join(blocks(RECIPE, "sh")).splitlines()
    for line in shown:
        done = CliRunner().invoke(commands, shlex.split(line)[1:], env={"COLUMNS": "200"})
        assert done.exit_code == 0, f"{line}: {done.output}"

    assert len(shown) == 9
    assert [one.state for one in box.stored] == ["redriven", "discarded", "redriven", "discarded"]


def test_the_rules_and_limits_that_are_shown_are_those_of_the_code():
    text = (ROOT / RECIPE).read_text("utf-8")
    fields = ServiceSettings.model_fields

    assert {CRASH_LOOP, UNFIT} <= set(re.findall(r"`([a-z_]+)`", text))
    assert f"in a row ({fields['crash_deliveries'].default})" in text
    assert "recovery_in_flight" in fields
