"""A new version of an agent on a live platform: canary, second person, production, and back."""

import asyncio
import json
from decimal import Decimal
from functools import partial

import pytest

from contracts.release import GateRecord
from contracts.shape import sha256_hex
from infra.dev.people import DEV_APPROVER
from services.console.cli.agent_files import as_yaml
from shared.config import load_agents
from tests.bodies import NOON
from tests.e2e.commands import interlock
from tests.e2e.conftest import OURS

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

COURIER = load_agents(OURS)["courier"]
KINDER = COURIER.model_copy(update={"instructions": "Say kindly where parcels are."})
# Every run of it fails: nothing can be had for that.
BROKE = COURIER.model_copy(
    update={
        "limits": COURIER.limits.model_copy(update={"budget_usd": Decimal("0.000001")}),
        "instructions": "Say where parcels are, for nothing.",
    }
)
AT_ONCE = 10


@pytest.fixture
def type_(stage):
    return partial(interlock, stage.platform.places.home.path)


def files(folder, definition):
    """The YAML of a version and the record of its gate, as arguments of `promote`."""
    gate = GateRecord(
        experiment="couriers-1",
        suite="couriers",
        agent="courier",
        baseline_version=COURIER.version,
        candidate_version=definition.version,
        verdict="pass",
        cases=200,
        checks=("It changed by +0.0 points.",),
        results_sha256=sha256_hex(b"results"),
        decided_at=NOON,
    )
    yaml, record = folder / f"{definition.version}.yaml", folder / f"{definition.version}.json"
    yaml.write_text(as_yaml(definition.model_dump(mode="json", exclude_defaults=True)))
    record.write_text(gate.model_dump_json())
    return str(yaml), "--gate", str(record)


async def versions(stage, prefix, number):
    """Which versions so many runs were of, each of another customer."""
    found = []
    for first in range(0, number, AT_ONCE):
        names = [f"{prefix}-{at}" for at in range(first, min(first + AT_ONCE, number))]
        for name in names:
            await stage.submit(name, "Parcel 7: where", agent="courier", customer=name)
        found += await asyncio.gather(*(stage.finished(name) for name in names))
    return [run.started.body.agent_version for run in found]


async def eventually(look, wanted):
    for _ in range(50):
        if await look() == wanted:
            return
        await asyncio.sleep(0.1)
    assert await look() == wanted


async def labels(type_):
    (found,) = json.loads(await type_("agents", "labels", "courier", "--json"))
    return {one["label"]: one["version"] for one in found["labels"]}


async def test_a_version_goes_from_canary_to_production_and_back(stage, type_, tmp_path):
    kinder = files(tmp_path, KINDER)
    await type_(
        *("agents", "promote", "courier", *kinder, "--to", "canary", "--share", "50", "--yes")
    )
    assert set(await versions(stage, "beside", 20)) == {COURIER.version, KINDER.version}

    to_production = ("--from", "canary", "--to", "production", "--yes")
    said = await type_("agents", "promote", "courier", *to_production)
    assert "waits for a second person" in said
    assert set(await versions(stage, "waiting", 6)) <= {COURIER.version, KINDER.version}
    with pytest.raises(AssertionError, match="asked for it"):
        await type_("agents", "approve", "courier", "--yes")

    await type_("agents", "approve", "courier", "--as", DEV_APPROVER, "--yes")
    assert await labels(type_) == {"production": KINDER.version}
    assert set(await versions(stage, "kinder", 6)) == {KINDER.version}

    await type_("agents", "rollback", "courier", "--reason", "too kind", "--yes")
    assert await labels(type_) == {}
    assert set(await versions(stage, "back", 6)) == {COURIER.version}


async def test_a_canary_that_fails_goes_back_by_itself(stage, type_, tmp_path):
    broke = files(tmp_path, BROKE)
    await type_(
        *("agents", "promote", "courier", *broke, "--to", "canary", "--share", "50", "--yes")
    )

    seen = await versions(stage, "broke", 100)

    assert seen.count(BROKE.version) > 20
    await eventually(partial(labels, type_), {})
    (told,) = json.loads(await type_("agents", "labels", "courier", "--json"))
    assert told["history"][0]["asked_by"] == "evaluator"
    assert "points lower" in told["history"][0]["reason"]
    assert set(await versions(stage, "after", 6)) == {COURIER.version}


async def test_staging_is_for_those_who_ask_for_it(stage, type_, tmp_path):
    await type_(
        "agents", "promote", "courier", *files(tmp_path, KINDER), "--to", "staging", "--yes"
    )

    await stage.submit("staged", "Parcel 7: where", agent="courier", label="staging")
    run = await stage.finished("staged")

    assert run.started.body.agent_version == KINDER.version
    assert set(await versions(stage, "unstaged", 3)) == {COURIER.version}
    await type_("agents", "end", "courier", "--label", "staging")
