import json
import warnings
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

with warnings.catch_warnings():
    # This typer imports a name that this click calls deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    import typer.testing  # noqa: F401 - imported here first, and only for that

from contracts.subjects import GUARDRAIL, LEDGER, RUNS
from services.console.adapters import MemoryHistory
from services.console.api.app import make_api
from services.console.api.desk import Desk
from services.console.api.people import Person
from services.console.dead_letters import DeadLetter, MemoryDeadLetters
from services.console.settings import Settings
from shared.testing import MemoryBus
from tests.bodies import NOON, agent
from tests.histories import whole_run
from tests.readmodels import MemoryRows

ANNA = Person(principal="anna@example.org", roles=("operator", "support-lead"))
VERA = Person(principal="vera@example.org", roles=("viewer",))
TOM = Person(principal="tom@example.org", roles=("operator",), tenant="other")
PEOPLE = {"anna-token": ANNA, "vera-token": VERA, "tom-token": TOM}


def as_(token):
    return {"authorization": f"Bearer {token}"}


@pytest.fixture
def settings(tmp_path):
    file = tmp_path / "tokens.json"
    file.write_text(json.dumps({key: one.model_dump() for key, one in PEOPLE.items()}))
    return Settings(
        tokens_file=file,
        default_tenant="acme",
        answer_wait_seconds=0,
        event_poll_seconds=0.01,
        event_heartbeat_seconds=0.02,
        body_limit_bytes=4096,
    )


@pytest.fixture
def bus():
    return MemoryBus()


@pytest.fixture
def desk(bus, settings):
    letter = DeadLetter(
        number=7,
        stored_at=NOON,
        service="cost_ledger",
        stream="RUNS",
        sequence=3,
        subject="run.acme.r-1.model.requested",
        rule="bad_body",
        reason="step: missing",
    )
    return Desk(
        bus=bus,
        history=MemoryHistory(bus.facts),
        store=MemoryRows(),
        dead_letters=MemoryDeadLetters([letter], bus.facts),
        agents={"support": agent()},
        people=PEOPLE,
        settings=settings,
    )


@pytest.fixture
def app(desk, settings):
    api = make_api(settings)
    api.state.desk = desk
    return api


@pytest.fixture
async def api(app):
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://console/api/v1", headers=as_("anna-token")
    ) as client:
        yield client


@pytest.fixture
def take(bus):
    """Stores the facts of a history, as the log would have them."""

    def taking(history):
        bus.facts.extend(replace(fact) for fact in history.facts)

    return taking


def letter(number, fact, **changes):
    known = {
        "number": number,
        "stored_at": NOON + timedelta(minutes=number),
        "service": LEDGER,
        "stream": RUNS,
        "sequence": fact.sequence,
        "subject": f"run.acme.r-1.{fact.type}",
        "rule": "handler_failed",
        "reason": "it failed",
        "tenant": "acme",
        "run_id": "r-1",
        "type": fact.type,
        "body_text": "{}",
    }
    return DeadLetter(**{**known, **changes})


@pytest.fixture
def asked(take, bus):
    """A fact that the ledger hears."""
    take(whole_run())
    return next(one for one in bus.facts if one.type == "model.requested")


@pytest.fixture
def letters(desk, asked):
    """Three of the ledger, of which one is about no fact; and one of the guardrail."""
    stored = desk.dead_letters.stored
    stored[:] = [
        letter(1, asked),
        letter(2, asked, rule="bad_body", sequence=999),
        letter(3, asked, service=GUARDRAIL, run_id="r-2"),
        letter(4, asked, rule="crash_loop", tenant="other"),
    ]
    return stored
