"""Labels of agents over HTTP: what they come to stand for, who may move them, and the way back."""

import pytest

from services.observer.rules import project
from shared.catalogue import Alias
from shared.clock import FixedClock
from shared.config import ManifestFile
from shared.release_log import MemoryReleases
from tests.bodies import NOON, agent, manifest
from tests.console.conftest import PEOPLE, Person, as_
from tests.releasing import gate_record, released, tried, version

OTTO = Person(principal="otto@example.org", roles=("viewer", "approver"))
OLD, NEW, NEWER = version("old"), version("new"), version("newer")
PATH = "/agents/support/releases"


@pytest.fixture
def settings(settings, tmp_path):
    file = tmp_path / "tools.lock.json"
    file.write_text(ManifestFile(tools=(manifest(),)).model_dump_json())
    return settings.model_copy(update={"manifests_file": file, "body_limit_bytes": 600_000})


@pytest.fixture
async def desk(desk, take_trials):
    desk.people = {**PEOPLE, "otto-token": OTTO}
    desk.aliases = {"default": Alias.model_construct()}
    desk.bus.clock = FixedClock(NOON)
    for one in (agent(), OLD, NEW, NEWER):
        await take_trials(tried(one))
    return desk


@pytest.fixture
def take_trials(desk, bus):
    async def taking(facts):
        bus.given(*facts)
        stored = bus.facts[-len(facts) :]
        await desk.store.apply([change for fact in stored for change in project(fact)])

    return taking


def record(definition=NEW, verdict="pass", **changes):
    return gate_record(definition, verdict, **changes).model_dump(mode="json")


def asked(label, definition=NEW, baseline=None, **changes):
    share = {"share_percent": 10} if label == "canary" else {}
    return {
        "label": label,
        "definition": definition.model_dump(mode="json"),
        "gate": record(definition, baseline=baseline),
        **share,
        **changes,
    }


def versions(answer):
    return {one["label"]: one["version"] for one in answer.json()["labels"]}


async def promoted(api, definition):
    """Production moved, by two people."""
    now = versions(await api.get(PATH)).get("production")
    baseline = next((one for one in (OLD, NEW, NEWER) if one.version == now), agent())
    answer = await api.post(PATH, json=asked("production", definition, baseline))
    nonce = answer.json()["waiting"]["nonce"]
    answer = await api.post(f"{PATH}/approve", json={"nonce": nonce}, headers=as_("otto-token"))
    assert answer.status_code == 202, answer.text
    return answer


@pytest.mark.parametrize("label", ["staging", "canary"])
async def test_staging_and_a_canary_move_at_once(api, desk, label):
    answer = await api.post(PATH, json=asked(label, reason="new words"))

    assert answer.status_code == 202, answer.text
    assert versions(answer) == {label: NEW.version}
    (told,) = desk.releases.given
    assert (told.asked_by, told.reason, told.definition) == ("anna@example.org", "new words", NEW)


async def test_production_waits_for_a_second_person(api, desk):
    answer = await api.post(PATH, json=asked("production"))

    assert versions(answer) == {}
    waiting = answer.json()["waiting"]
    assert waiting["version"] == NEW.version
    assert (waiting["gate"]["suite"], waiting["gate"]["proof"]) == ("refunds", record()["proof"])
    answer = await promoted(api, NEW)
    assert versions(answer) == {"production": NEW.version}
    assert answer.json()["waiting"] is None
    told = desk.releases.given[-1]
    assert (told.asked_by, told.approved_by) == ("anna@example.org", "otto@example.org")


@pytest.mark.parametrize(("token", "status"), [("anna-token", 403), ("vera-token", 403)])
async def test_neither_the_requester_nor_a_viewer_approves(api, desk, token, status):
    desk.people = {
        **desk.people,
        "anna-token": PEOPLE["anna-token"].model_copy(update={"roles": ("operator", "approver")}),
    }
    nonce = (await api.post(PATH, json=asked("production"))).json()["waiting"]["nonce"]

    answer = await api.post(f"{PATH}/approve", json={"nonce": nonce}, headers=as_(token))

    assert answer.status_code == status
    assert (await desk.releases.heads()).head("support", "production") is None


async def test_a_request_is_approved_as_it_was_seen(api):
    first = (await api.post(PATH, json=asked("production"))).json()["waiting"]["nonce"]
    await api.post(PATH, json=asked("production", NEWER))

    answer = await api.post(f"{PATH}/approve", json={"nonce": first}, headers=as_("otto-token"))

    assert answer.status_code == 409
    assert "another request" in answer.json()["what"]


async def test_a_request_is_approved_once(api):
    await promoted(api, NEW)
    nonce = (await api.get(PATH)).json()["history"][0]
    newer = asked("production", NEWER, baseline=NEW)
    again = (await api.post(PATH, json=newer)).json()["waiting"]["nonce"]
    otto = as_("otto-token")
    assert nonce["version"] == NEW.version
    assert (await api.post(f"{PATH}/approve", json={"nonce": again}, headers=otto)).is_success

    answer = await api.post(f"{PATH}/approve", json={"nonce": again}, headers=otto)

    assert answer.status_code == 409
    assert "released already" in answer.json()["what"]


@pytest.mark.parametrize(
    ("token", "status"), [("anna-token", 202), ("otto-token", 202), ("vera-token", 403)]
)
async def test_an_approver_refuses_and_the_requester_takes_it_back(api, token, status):
    nonce = (await api.post(PATH, json=asked("production"))).json()["waiting"]["nonce"]

    answer = await api.post(f"{PATH}/refuse", json={"nonce": nonce}, headers=as_(token))

    assert answer.status_code == status
    assert ((await api.get(PATH)).json()["waiting"] is None) == (status == 202)
    late = await api.post(f"{PATH}/approve", json={"nonce": nonce}, headers=as_("otto-token"))
    assert late.status_code == (409 if status == 202 else 202)


async def test_a_canary_that_becomes_production_is_taken_away(api):
    await api.post(PATH, json=asked("canary"))

    answer = await promoted(api, NEW)

    assert versions(answer) == {"production": NEW.version}


async def test_a_canary_of_another_version_stays(api):
    await api.post(PATH, json=asked("canary", NEWER))

    answer = await promoted(api, NEW)

    assert versions(answer) == {"production": NEW.version, "canary": NEWER.version}


async def test_production_goes_back_step_by_step_and_in_the_end_to_what_is_configured(api):
    for one in (OLD, NEW, NEWER):
        await promoted(api, one)

    seen = []
    for _ in range(3):
        answer = await api.post(f"{PATH}/rollback", json={"reason": "it lies"})
        seen.append(versions(answer).get("production"))

    assert seen == [NEW.version, OLD.version, None]
    answer = await api.post(f"{PATH}/rollback", json={"reason": "it lies"})
    assert answer.status_code == 409


async def test_what_was_undone_is_no_place_to_go_back_to(api):
    for one in (OLD, NEW):
        await promoted(api, one)
    await api.post(f"{PATH}/rollback", json={"reason": "it lies"})
    await promoted(api, NEWER)

    answer = await api.post(f"{PATH}/rollback", json={"reason": "this one too"})

    assert versions(answer) == {"production": OLD.version}


async def test_a_rollback_takes_a_canary_away_and_tells_who_had_approved(api, desk):
    for one in (OLD, NEW):
        await promoted(api, one)
    await api.post(PATH, json=asked("canary", NEWER, baseline=NEW))

    answer = await api.post(f"{PATH}/rollback", json={"reason": "it lies"})

    assert versions(answer) == {"production": OLD.version}
    back = next(one for one in desk.releases.given if getattr(one, "returns_to", None))
    assert (back.asked_by, back.approved_by) == ("anna@example.org", "otto@example.org")


async def test_a_rollback_needs_a_reason(api):
    await promoted(api, NEW)

    assert (await api.post(f"{PATH}/rollback", json={"reason": ""})).status_code == 422


@pytest.mark.parametrize("label", ["staging", "canary"])
async def test_staging_and_a_canary_are_taken_away(api, label):
    await api.post(PATH, json=asked(label))

    assert versions(await api.delete(f"{PATH}/{label}")) == {}
    assert (await api.delete(f"{PATH}/{label}")).status_code == 404


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (asked("canary", share_percent=None), "has a share"),
        (asked("canary", share_percent=100), "less than or equal to 99"),
        (asked("staging", gate=gate_record(OLD).model_dump(mode="json")), "the gate tried"),
        (asked("canary", gate=gate_record(NEW, "fail").model_dump(mode="json")), "said fail"),
        (asked("production", gate=gate_record(NEW, "fail").model_dump(mode="json")), "said fail"),
        (asked("staging", NEW.model_copy(update={"tools": ("fly",)})), "not declared: fly"),
        (asked("staging", NEW.model_copy(update={"model": "huge"})), "no alias 'huge'"),
        (asked("staging", NEW.model_copy(update={"name": "sales"})), "of 'sales'"),
    ],
)
async def test_what_cannot_be_released_is_told(api, desk, body, told):
    answer = await api.post(PATH, json=body)

    assert answer.status_code == 422, answer.text
    assert told in answer.json()["what"]
    assert desk.releases.given == []


async def test_an_agent_that_there_is_not_has_no_labels(api):
    assert (await api.get("/agents/sales/releases")).status_code == 404
    assert (await api.post("/agents/sales/releases", json=asked("staging"))).status_code == 404


@pytest.mark.parametrize(("token", "why"), [("vera-token", "roles"), ("tom-token", "agents")])
async def test_a_viewer_and_a_person_of_one_tenant_release_nothing(api, desk, token, why):
    answer = await api.post(PATH, json=asked("staging"), headers=as_(token))

    assert answer.status_code == 403
    assert answer.json()["where"] == why
    assert desk.releases.given == []


async def test_agents_are_listed_with_what_their_labels_stand_for(api, desk):
    desk.releases = MemoryReleases([released("production", NEW)])

    (line,) = (await api.get("/agents")).json()
    one = (await api.get("/agents/support", params={"label": "production"})).json()

    assert (line["version"], line["labels"]) == (agent().version, {"production": NEW.version})
    assert (one["version"], one["definition"]["instructions"]) == (NEW.version, NEW.instructions)
    missing = await api.get("/agents/support", params={"label": "staging"})
    assert missing.status_code == 404
