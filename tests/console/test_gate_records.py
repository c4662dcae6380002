"""The record of a gate moves a label only where the log bears it out, and only for a while."""

# ruff: noqa: F811 - fixtures are asked for by the name that they are imported under

from datetime import timedelta

import pytest

from contracts.release import GateRecord
from tests.bodies import NOON
from tests.console.conftest import as_
from tests.console.test_releases_api import (  # noqa: F401 - three are fixtures
    NEW,
    OLD,
    PATH,
    asked,
    desk,
    record,
    settings,
    take_trials,
)
from tests.releasing import CASES, released, trial, tried, version

UNTRIED = version("untried")


@pytest.mark.parametrize(
    ("changes", "status", "told"),
    [
        ({"proof": None}, 422, "by which trials it can be checked"),
        ({"baseline_version": OLD.version}, 409, "and production is"),
        ({"decided_at": NOON - timedelta(days=15)}, 422, "holds for 14 days"),
        ({"decided_at": NOON + timedelta(hours=1)}, 422, "yet to come"),
        ({"candidate_version": UNTRIED.version}, 422, "no trial of version"),
    ],
)
@pytest.mark.parametrize("label", ["staging", "canary", "production"])
async def test_a_record_that_is_not_of_now_moves_nothing(api, desk, changes, status, told, label):
    definition = UNTRIED if "candidate_version" in changes else NEW
    gate = record(definition) | GateRecord.model_validate(record(definition) | changes).model_dump(
        mode="json"
    )

    answer = await api.post(PATH, json=asked(label, definition, gate=gate))

    assert answer.status_code == status, answer.text
    assert told in answer.json()["what"]
    assert desk.releases.given == []


async def test_a_record_that_counts_what_the_log_does_not_have_moves_nothing(api, desk):
    gate = record()
    gate["proof"]["candidate"]["cases"] = gate["proof"]["baseline"]["cases"] = 200

    answer = await api.post(PATH, json=asked("canary", gate=gate))

    assert answer.status_code == 422
    assert f"10 of {CASES}" in answer.json()["what"]
    assert answer.json()["where"] == "gate.proof.candidate"
    assert desk.releases.given == []


async def test_a_verdict_that_the_trials_do_not_bear_out_moves_nothing(api, desk, take_trials):
    await take_trials(tried(UNTRIED, failing=8))
    gate = record(UNTRIED)
    gate["proof"]["candidate"]["passed"] = CASES - 8

    answer = await api.post(PATH, json=asked("canary", UNTRIED, gate=gate))

    assert answer.status_code == 422
    assert "come to fail" in answer.json()["what"]
    staged = await api.post(PATH, json=asked("staging", UNTRIED, gate=gate | {"verdict": "fail"}))
    assert staged.status_code == 202


async def test_trials_of_another_arm_or_version_prove_nothing(api, take_trials):
    await take_trials(trial(UNTRIED, "c-1", arm="other").facts)

    answer = await api.post(PATH, json=asked("canary", UNTRIED))

    assert answer.status_code == 422
    assert "no trial of version" in answer.json()["what"]


async def test_more_trials_than_one_request_reads_are_refused(api, desk):
    desk.settings = desk.settings.model_copy(update={"gate_trials_limit": CASES - 1})

    answer = await api.post(PATH, json=asked("canary"))

    assert answer.status_code == 413
    assert answer.json()["where"] == "gate_trials_limit"


async def test_trials_are_found_on_however_many_pages(api, desk):
    desk.settings = desk.settings.model_copy(update={"list_limit": 3})

    assert (await api.post(PATH, json=asked("canary"))).status_code == 202


async def test_a_request_is_checked_again_when_it_is_approved(api, desk):
    nonce = (await api.post(PATH, json=asked("production"))).json()["waiting"]["nonce"]
    desk.bus.clock.advance(15 * 86_400)

    answer = await api.post(f"{PATH}/approve", json={"nonce": nonce}, headers=as_("otto-token"))

    assert answer.status_code == 422
    assert "holds for 14 days" in answer.json()["what"]
    assert (await desk.releases.heads()).head("support", "production") is None


async def test_a_request_that_compared_with_what_production_was_is_not_approved(api, desk):
    nonce = (await api.post(PATH, json=asked("production"))).json()["waiting"]["nonce"]
    await desk.releases.give(released("production", OLD))

    answer = await api.post(f"{PATH}/approve", json={"nonce": nonce}, headers=as_("otto-token"))

    assert answer.status_code == 409
    assert f"production is {OLD.version}" in answer.json()["what"]
