"""The decision record over HTTP: who may see it, what is left out, what is refused."""

import httpx
import pytest

from services.console.api.app import make_api
from services.console.rules.record import RunRecord, StepRecord, Why
from tests.bodies import task, task_cleared
from tests.console.conftest import as_
from tests.console.stories import asked_run
from tests.histories import History, whole_run


async def test_a_step_has_a_record(api, take):
    take(whole_run())

    answer = await api.get("/runs/r-1/steps/2/record")

    found = StepRecord.model_validate(answer.json())
    assert (found.identity.step, found.decided.text.text) == (2, "It was shipped.")


async def test_a_viewer_may_leave_the_words_out(api, take):
    take(whole_run())

    one = await api.get("/runs/r-1/steps/2/record?content=false", headers=as_("vera-token"))
    answer = await api.get("/runs/r-1/record?content=false", headers=as_("vera-token"))

    found = RunRecord.model_validate(answer.json())
    assert "It was shipped." not in one.text + answer.text
    assert found.steps[1].decided.text.text is None
    assert found.steps[1].decided.text.bytes == len("It was shipped.")


async def test_a_run_has_a_why(api, take):
    take(whole_run())

    found = Why.model_validate((await api.get("/runs/r-1/why")).json())

    assert (found.status, found.chain[0].type) == ("completed", "run.completed")


@pytest.mark.parametrize("path", ["steps/1/record", "record", "why"])
async def test_a_run_that_nobody_knows_has_no_record(api, path):
    answer = await api.get(f"/runs/r-9/{path}")

    assert answer.status_code == 404
    assert answer.json()["what"] == "there is no run r-9"


@pytest.mark.parametrize("path", ["steps/1/record", "record", "why"])
async def test_a_record_is_for_the_people_of_its_tenant(api, take, path):
    take(whole_run())

    for headers, status in ((as_("tom-token"), 404), (as_("nobody"), 401)):
        assert (await api.get(f"/runs/r-1/{path}", headers=headers)).status_code == status
    asked = {"tenant": "acme"}
    answer = await api.get(f"/runs/r-1/{path}", params=asked, headers=as_("tom-token"))
    assert answer.status_code == 403


async def test_a_step_that_there_is_not_is_told_with_how_many_there_are(api, take):
    take(whole_run())

    answer = await api.get("/runs/r-1/steps/3/record")

    assert answer.status_code == 404
    assert answer.json()["what"] == "the run has 2 steps"


async def test_a_run_without_steps_says_so(api, take):
    history = History()
    history.say(task_cleared(), history.say(task()))
    take(history)

    answer = await api.get("/runs/r-1/steps/1/record")

    assert answer.json()["what"] == "the run has no steps yet"
    assert answer.json()["remedy"] == "see: interlock runs show r-1 --why"


async def test_a_step_that_is_open_says_who_is_to_speak(api, take):
    take(asked_run()[0])

    found = (await api.get("/runs/r-1/steps/1/record")).json()

    assert (found["state"], found["decided"]["state"]) == ("open", "answered")
    assert found["awaits"].startswith("support-lead")


async def test_a_record_has_a_limit_and_names_it(desk, settings, take):
    take(whole_run())
    narrow = settings.model_copy(update={"record_steps_limit": 1})
    desk.settings = narrow
    api = make_api(narrow)
    api.state.desk = desk

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(api),
        base_url="http://console/api/v1",
        headers=as_("anna-token"),
    ) as client:
        answer = await client.get("/runs/r-1/record")

    assert answer.status_code == 413
    assert (answer.json()["where"], answer.json()["remedy"]) == (
        "record_steps_limit",
        "read them one by one: /api/v1/runs/r-1/steps/1/record",
    )
