"""Of what nobody knows, whoever could know is asked before a person is."""

import json
from datetime import timedelta

import pytest
import yaml

from contracts.tool import ToolClaimed, ToolFailed, ToolSucceeded, ToolUnknown
from services.tool_executor.adapters.registry import load_registry
from services.tool_executor.adapters.runner import FakeRunner, SandboxRunner
from services.tool_executor.adapters.workers import pooled
from services.tool_executor.handlers import Desk, run_call
from services.tool_executor.rules import Raised, Refused, Returned, Vanished
from services.tool_executor.settings import Settings
from shared.bus import Heard
from shared.clock import FixedClock
from shared.errors import ConfigError
from shared.testing import MemoryBus
from tests.tool_executor.calling import NOON, Cleared

MODULE = "tests.tool_executor.paid_tools"


def registry(folder, module=MODULE):
    (folder / "tools.yaml").write_text(yaml.safe_dump({"modules": [module]}))
    return load_registry(folder)


class Bench:
    def __init__(self, folder, order="1042", endings=()):
        self.registry = registry(folder)
        arguments = json.dumps({"order": order, "amount": 5})
        self.cleared = Cleared(self.registry.tools["pay"], arguments)
        self.bus = MemoryBus(clock=FixedClock(NOON))
        self.bus.given(*self.cleared.history.facts)
        self.runner = FakeRunner(list(endings))

    async def hear(self, runner=None):
        desk = Desk(self.registry, runner or self.runner)
        await run_call(Heard(self.cleared.fact), self.bus, desk)
        return self.bus.facts[-1].body


def found(happened, result=None):
    return Returned(json.dumps({"happened": happened, "result": result}))


@pytest.mark.parametrize(
    ("order", "kind"), [("1042", ToolSucceeded), ("1043", ToolFailed), ("1044", ToolUnknown)]
)
async def test_it_is_asked_in_the_sandbox_of_the_tool_with_the_key_of_the_call(
    tmp_path, order, kind
):
    bench = Bench(tmp_path, order)
    async with pooled(bench.registry, Settings()) as pool:
        outcome = await bench.hear(SandboxRunner(pool))

    assert isinstance(outcome, kind), outcome
    if kind is ToolSucceeded:
        told = {"order": "1042", "key": "acme/r-1/1-1"}
        assert json.loads(outcome.output_json) == told
    if kind is ToolFailed:
        assert "it did not take effect, was_paid found" in outcome.reason


async def test_what_is_known_is_asked_of_nobody(tmp_path):
    bench = Bench(tmp_path, endings=[Returned('{"paid": "yes"}')])

    assert isinstance(await bench.hear(), ToolSucceeded)
    assert len(bench.runner.ran) == 1


@pytest.mark.parametrize(
    "said",
    [
        Returned('"yes"'),
        Returned('{"happened": "perhaps"}'),
        Returned("{}"),
        Refused("it does not know"),
        Raised("the line is dead again"),
        Vanished("it died"),
    ],
)
async def test_what_is_not_said_in_form_counts_for_nothing(tmp_path, said):
    """A reconciler that cannot be asked has not found that nothing happened."""
    bench = Bench(tmp_path, endings=[Vanished("it died"), said])

    assert isinstance(await bench.hear(), ToolUnknown)


async def test_of_a_claim_that_went_silent_it_is_asked_as_well(tmp_path):
    bench = Bench(tmp_path, endings=[found(True, {"paid": "yes"})])
    claim = ToolClaimed(
        call="1-1",
        attempt=1,
        nonce="somebody",
        state="claimed",
        start_before=NOON,
        time_limit_seconds=30,
    )
    assert await bench.bus.claim(bench.cleared.fact, claim)
    bench.bus.clock.advance(timedelta(minutes=2).total_seconds())

    outcome = await bench.hear()

    assert isinstance(outcome, ToolSucceeded)
    assert json.loads(outcome.output_json) == {"paid": "yes"}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("", "there is no function 'gone'"),
        ("def gone(order: int): ...", "must take what the tool takes"),
        ("gone = 7", "there is no function 'gone'"),
    ],
)
def test_one_that_cannot_be_asked_is_refused_at_the_start(tmp_path, monkeypatch, body, told):
    source = f"""
from contracts.tool import tool
{body}

@tool(effect="write", reconcile="gone")
def act(order: str) -> str:
    "Act."
    return order
"""
    name = f"reconciled_{abs(hash(body))}"
    (tmp_path / f"{name}.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(ConfigError, match=told):
        registry(tmp_path, name)
