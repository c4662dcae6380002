"""The runs of times that have passed: named as the clock names them, so that none comes twice."""

from datetime import UTC, datetime

import pytest

from contracts.run import RunCompleted
from contracts.task import TaskSubmitted
from services.orchestrator.handlers.scheduling import Clockwork
from shared.clock import FixedClock
from shared.config import load_schedules
from shared.register import MemoryRegister
from tests.console.conftest import as_

SCHEDULES = """
schedules:
  - {name: hourly, cron: "0 * * * *", tenant: acme, overlap: allow,
     task: {agent: support, input: "What is new?"}}
  - {name: daily, cron: "0 7 * * *", time_zone: Europe/Berlin, tenant: acme,
     task: {agent: support, input: "What is open?"}}
"""
NOW = datetime(2026, 3, 6, 12, 30, tzinfo=UTC)
MORNING = {"from": "2026-03-06T08:00:00Z", "to": "2026-03-06T11:00:00Z"}
WEEK = {"from": "2026-03-03T00:00:00Z", "to": "2026-03-06T00:00:00Z"}
HOURS = ["hourly-20260306T0800Z", "hourly-20260306T0900Z", "hourly-20260306T1000Z"]
DAYS = ["daily-20260303T0600Z", "daily-20260304T0600Z", "daily-20260305T0600Z"]


@pytest.fixture
def folder(desk, bus, tmp_path):
    desk.settings = desk.settings.model_copy(update={"config_dir": tmp_path, "backfill_limit": 100})
    bus.clock = FixedClock(NOW)
    (tmp_path / "schedules.yaml").write_text(SCHEDULES)
    return tmp_path


@pytest.fixture
def fill(api, folder):
    async def filling(name="hourly", **asked):
        answer = await api.post(f"/schedules/{name}/backfill", json=asked)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return filling


def submitted(bus):
    return [one.run_id for one in bus.facts if isinstance(one.body, TaskSubmitted)]


async def end(bus, run_id):
    run = await bus.read("acme", run_id)
    await bus.append(run, run.root, RunCompleted(answer="ok", steps=0))


async def test_the_runs_of_times_that_have_passed_are_started_in_order(fill, bus):
    done = await fill(**MORNING)

    assert (done["times"], done["started"], done["next_from"]) == (3, HOURS, None)
    assert submitted(bus) == HOURS
    assert bus.bodies(TaskSubmitted)[0].input == "What is new?"


async def test_to_fill_twice_starts_nothing_twice(fill, bus):
    await fill(**MORNING)

    again = await fill(**MORNING)

    assert (again["started"], again["there"]) == ([], HOURS)
    assert submitted(bus) == HOURS


async def test_the_minute_that_is_under_way_is_left_to_the_clock(fill, bus):
    bus.clock = FixedClock(NOW.replace(minute=0, second=20))

    done = await fill(**{"from": "2026-03-06T11:00:00Z"})

    assert done["started"] == ["hourly-20260306T1100Z"]


async def test_a_time_that_the_clock_did_not_miss_is_left_and_the_clock_leaves_what_was_filled(
    fill, bus, folder
):
    clockwork = Clockwork(load_schedules(folder), MemoryRegister())
    await clockwork.fire("hourly", datetime(2026, 3, 6, 9, tzinfo=UTC), bus)

    done = await fill(**MORNING)
    await clockwork.fire("hourly", datetime(2026, 3, 6, 10, tzinfo=UTC), bus)

    assert (done["started"], done["there"]) == ([HOURS[0], HOURS[2]], [HOURS[1]])
    assert sorted(submitted(bus)) == HOURS


async def test_a_dry_run_tells_what_would_be_and_starts_nothing(fill, bus):
    done = await fill("daily", **WEEK, dry_run=True)

    assert done["started"] == DAYS
    assert submitted(bus) == []


async def test_where_runs_may_not_overlap_the_next_waits_for_the_end_of_the_one_before(fill, bus):
    first = await fill("daily", **WEEK)
    waits = await fill("daily", **WEEK)
    await end(bus, DAYS[0])
    second = await fill("daily", **{**WEEK, "from": first["next_from"]})

    assert (first["started"], first["waits_for"]) == ([DAYS[0]], DAYS[0])
    assert (waits["started"], waits["there"], waits["waits_for"]) == ([], [DAYS[0]], DAYS[0])
    assert (second["started"], second["waits_for"]) == ([DAYS[1]], DAYS[1])


async def test_the_last_of_them_waits_for_nobody(fill, bus):
    for run_id in DAYS[:2]:
        await fill("daily", **WEEK)
        await end(bus, run_id)

    last = await fill("daily", **WEEK)

    assert (last["started"], last["next_from"], last["waits_for"]) == ([DAYS[2]], None, None)


async def test_one_may_say_that_they_may_overlap(fill, bus):
    assert (await fill("daily", **WEEK, overlap="allow"))["started"] == DAYS


async def test_no_more_are_started_than_was_said_and_it_tells_where_to_go_on(fill, bus):
    first = await fill(**MORNING, limit=2)
    second = await fill(**{**MORNING, "from": first["next_from"]}, limit=2)

    assert (first["started"], second["started"]) == (HOURS[:2], HOURS[2:])
    assert submitted(bus) == HOURS


async def test_without_an_end_it_is_filled_until_now(fill):
    done = await fill(**{"from": "2026-03-06T11:30:00Z"})

    assert done["started"] == ["hourly-20260306T1200Z"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"from": "2026-03-06T08:00:00Z", "to": "2026-03-07T00:00:00Z"}, "is to come"),
        ({"from": "2026-03-06T08:00:00Z", "to": "2026-03-06T07:00:00Z"}, "say an earlier one"),
        ({"from": "2024-03-06T08:00:00Z"}, "over 366 days"),
        ({"from": "2026-03-01T00:00:00Z"}, "over 100 times"),
        ({**MORNING, "limit": 101}, "one request starts 100"),
        ({"from": "2026-03-06T08:00:00"}, "from"),
        ({**MORNING, "form": "x"}, "form"),
        ({**MORNING, "overlap": "skip"}, "overlap"),
    ],
)
@pytest.mark.usefixtures("folder")
async def test_a_window_that_cannot_be_is_refused_with_what_to_do(api, bus, asked, told):
    answer = await api.post("/schedules/hourly/backfill", json=asked)

    assert answer.status_code == 422
    assert told in answer.text
    assert submitted(bus) == []


async def test_a_cron_that_nobody_here_can_read_is_named(api, folder):
    (folder / "schedules.yaml").write_text(SCHEDULES.replace("0 7 *", "0 77 *"))

    answer = await api.post("/schedules/daily/backfill", json=WEEK)

    assert answer.status_code == 422
    assert "'77' is no hour" in answer.json()["what"]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("name", "token", "status"),
    [("weekly", "anna-token", 404), ("hourly", "tom-token", 404), ("hourly", "vera-token", 403)],
)
async def test_who_may_not_fill_a_schedule_starts_nothing(api, bus, name, token, status):
    answer = await api.post(f"/schedules/{name}/backfill", json=MORNING, headers=as_(token))

    assert answer.status_code == status
    assert submitted(bus) == []
