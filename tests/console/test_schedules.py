"""What is submitted by the clock, as operators see it."""

import pytest

from contracts.schedule import Schedule
from shared.config import load_schedules
from shared.errors import ConfigError
from tests.console.conftest import as_

NIGHTLY = """
schedules:
  - {name: nightly, cron: "0 7 * * MON-FRI", time_zone: Europe/Berlin, tenant: other,
     task: {agent: support, input: "What is open?"}}
  - {name: hourly, cron: "0 0 * * * *", tenant: acme, overlap: allow,
     task: {agent: support, input: "What is new?"}}
"""


@pytest.fixture
def folder(desk, tmp_path):
    desk.settings = desk.settings.model_copy(update={"config_dir": tmp_path})
    (tmp_path / "schedules.yaml").write_text(NIGHTLY)
    return tmp_path


@pytest.mark.usefixtures("folder")
async def test_schedules_are_listed_by_name(api):
    found = (await api.get("/schedules")).json()

    assert [(one["name"], one["overlap"]) for one in found] == [
        ("hourly", "allow"),
        ("nightly", "skip"),
    ]


@pytest.mark.usefixtures("folder")
async def test_a_person_sees_the_schedules_of_their_own_tenant(api):
    found = (await api.get("/schedules", headers=as_("tom-token"))).json()

    assert [one["name"] for one in found] == ["nightly"]


def test_five_fields_have_no_seconds_and_six_do(folder):
    found = load_schedules(folder)

    assert found["nightly"].spec == "0 0 7 * * MON-FRI"
    assert found["hourly"].spec == "0 0 * * * *"


def test_no_file_is_no_schedule(tmp_path):
    assert load_schedules(tmp_path) == {}


def test_two_schedules_of_one_name_are_a_mistake(folder):
    (folder / "schedules.yaml").write_text(NIGHTLY.replace("hourly", "nightly"))

    with pytest.raises(ConfigError, match="nightly"):
        load_schedules(folder)


@pytest.mark.parametrize("cron", ["* * *", "@daily", "* * * * * * *", ""])
def test_a_cron_of_another_length_is_a_mistake(cron):
    task = {"agent": "support", "input": "x"}

    with pytest.raises(ValueError, match="cron"):
        Schedule.model_validate({"name": "n", "cron": cron, "tenant": "acme", "task": task})
