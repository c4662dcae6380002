"""A new version of an agent on a live platform: canary, second person, production, and back."""

import asyncio
import json
from functools import partial
from pathlib import Path

import pytest

from infra.dev.people import DEV_APPROVER
from services.console.cli.agent_files import as_yaml
from shared.config import load_agents
from tests.e2e.commands import interlock, typed
from tests.e2e.conftest import OURS

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

COURIER = load_agents(OURS)["courier"]
KINDER = COURIER.model_copy(update={"instructions": "Say kindly where parcels are."})
# As good in the suite, and of no use to customers.
FAIR_WEATHER = COURIER.model_copy(update={"instructions": "Say where parcels are in fair weather."})
# As good, and far dearer.
GRAND = COURIER.model_copy(update={"instructions": "Say where parcels are at great length."})
SUITE = {
    "name": "couriers",
    "agent": "courier",
    "scorers": [{"kind": "regex", "pattern": "was shipped on Monday"}],
    "cases": [{"id": f"c-{at}", "input": f"Parcel {at}: plainly"} for at in range(10)],
    "gate": {"margin": 0.3},
}
AT_ONCE = 10


@pytest.fixture
def type_(stage):
    return partial(interlock, stage.platform.places.home.path)


async def files(stage, folder, definition):
    """The YAML of a version and the record of its gate, as arguments of `promote`."""
    suite, yaml = folder / "couriers.yaml", folder / f"{definition.version}.yaml"
    suite.write_text(as_yaml(SUITE))
    yaml.write_text(as_yaml(definition.model_dump(mode="json", exclude_defaults=True)))
    home, name = stage.platform.places.home.path, f"couriers-{definition.version}"
    asked = (f"--definition={yaml}", f"--name={name}", "--yes", "--at-once=16")
    code, said = await typed(home, "run", str(suite), *asked)
    assert code == 0, said
    code, said = await typed(home, "gate", name)
    assert code == 0, said
    return str(yaml), "--gate", str(home / "evals" / name)


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
    kinder = await files(stage, tmp_path, KINDER)
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
    fair = await files(stage, tmp_path, FAIR_WEATHER)
    await type_(
        *("agents", "promote", "courier", *fair, "--to", "canary", "--share", "50", "--yes")
    )

    seen = await versions(stage, "fair", 100)

    assert seen.count(FAIR_WEATHER.version) > 20
    await eventually(partial(labels, type_), {})
    (told,) = json.loads(await type_("agents", "labels", "courier", "--json"))
    assert told["history"][0]["asked_by"] == "evaluator"
    assert "points lower" in told["history"][0]["reason"]
    assert set(await versions(stage, "after", 6)) == {COURIER.version}


async def test_a_canary_that_is_dearer_goes_back_though_no_run_is_drawn(stage, type_, tmp_path):
    grand = await files(stage, tmp_path, GRAND)
    margins = ("--quality-margin", "0.05", "--cost-margin", "0.5")
    await type_(
        *("agents", "promote", "courier", *grand, "--to", "canary", "--share", "50"),
        *(*margins, "--yes"),
    )

    seen = await versions(stage, "grand", 100)

    assert seen.count(GRAND.version) > 20
    await eventually(partial(labels, type_), {})
    (told,) = json.loads(await type_("agents", "labels", "courier", "--json"))
    assert "A run costs" in told["history"][0]["reason"]


async def test_staging_is_for_those_who_ask_for_it(stage, type_, tmp_path):
    await type_(
        "agents",
        "promote",
        "courier",
        *await files(stage, tmp_path, KINDER),
        "--to",
        "staging",
        "--yes",
    )

    await stage.submit("staged", "Parcel 7: where", agent="courier", label="staging")
    run = await stage.finished("staged")

    assert run.started.body.agent_version == KINDER.version
    assert set(await versions(stage, "unstaged", 3)) == {COURIER.version}
    await type_("agents", "end", "courier", "--label", "staging")


async def test_a_record_that_somebody_made_up_moves_nothing(stage, type_, tmp_path):
    file, option, folder = await files(stage, tmp_path, KINDER)
    record = json.loads((Path(folder) / "gate.json").read_text())
    record["proof"]["candidate"]["cases"] = record["proof"]["baseline"]["cases"] = 200
    made_up = tmp_path / "gate.json"
    made_up.write_text(json.dumps(record))

    with pytest.raises(AssertionError, match="trials on the log say 10 of 10"):
        await type_(
            *(
                "agents",
                "promote",
                "courier",
                file,
                option,
                str(made_up),
                "--to",
                "staging",
                "--yes",
            )
        )

    assert await labels(type_) == {}
