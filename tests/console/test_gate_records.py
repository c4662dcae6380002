"""The record of a gate moves a label only where the log bears it out, and only for a while."""

# ruff: noqa: F811 - fixtures are asked for by the name that they are imported under

from datetime import timedelta

import pytest

from contracts.evaluation import RunEvaluated
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


async def test_trials_that_are_too_old_prove_nothing_however_new_the_record_says_it_is(api, desk):
    desk.bus.clock.advance(15 * 86_400)
    fresh = desk.bus.clock.now().isoformat()

    answer = await api.post(PATH, json=asked("canary", gate=record() | {"decided_at": fresh}))

    assert answer.status_code == 422
    assert "has trials of 2026-03-02, and a record holds for 14 days" in answer.json()["what"]
    assert "--name NEW" in answer.json()["remedy"]
    assert desk.releases.given == []


@pytest.mark.parametrize(
    "changes",
    [
        {"task": {"input": "Say nothing."}},
        {"task": {"customer": "c-7"}},
        {"task": {"user": "u-7"}},
        {"task": {"limits": {"steps": 99}}},
        {"scorers": [{"kind": "regex", "pattern": "o"}]},
        {"stubs": [{"tool": "find_order", "result": {}}]},
        {"reviews": "approve"},
        {"tools": "real"},
        {"tags": ["critical"]},
    ],
)
async def test_a_case_that_both_sides_were_not_asked_alike_proves_nothing(
    api, desk, take_trials, changes
):
    for at in range(CASES):
        own = changes if at == 3 else {}
        await take_trials(trial(UNTRIED, f"c-{at}", **own).facts)

    answer = await api.post(PATH, json=asked("staging", UNTRIED))

    assert answer.status_code == 422
    assert "asked the same, or held to it: c-3" in answer.json()["what"]
    assert desk.releases.given == []


async def test_trials_that_assert_nothing_have_not_passed(api, desk, take_trials):
    for at in range(CASES):
        history = trial(UNTRIED, f"c-{at}")
        history.facts.pop()
        history.say(RunEvaluated(passed=True, score=1.0, assertions=()), history.root)
        await take_trials(history.facts)

    answer = await api.post(PATH, json=asked("canary", UNTRIED))

    assert answer.status_code == 422
    assert "0 of 0" in answer.json()["what"]


@pytest.mark.parametrize("task", [{}, {"input": "Say nothing."}])
async def test_trials_of_another_tenant_neither_sway_nor_block(api, desk, take_trials, task):
    desk.settings = desk.settings.model_copy(update={"gate_trials_limit": CASES})
    await take_trials(tried(NEW, failing=8, tenant="globex", **task))

    assert (await api.post(PATH, json=asked("canary"))).status_code == 202


async def test_trials_of_another_tenant_are_not_those_of_the_record(api, desk):
    gate = record()
    gate["proof"]["candidate"]["tenant"] = "globex"

    answer = await api.post(PATH, json=asked("canary", gate=gate))

    assert answer.status_code == 422
    assert "in the tenant globex" in answer.json()["what"]


async def test_of_several_candidates_each_fails_by_its_part_of_alpha(api, desk, take_trials):
    await take_trials(tried(UNTRIED, failing=6))
    gate = record(UNTRIED, "inconclusive")
    gate["proof"] |= {"candidates": 50}
    gate["proof"]["candidate"]["passed"] = CASES - 6

    one = await api.post(
        PATH,
        json=asked("staging", UNTRIED, gate=gate | {"proof": gate["proof"] | {"candidates": 1}}),
    )
    assert one.status_code == 422
    assert "come to fail" in one.json()["what"]
    of_several = await api.post(PATH, json=asked("staging", UNTRIED, gate=gate))
    assert of_several.status_code == 202, of_several.text


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


class Meanwhile:
    """Trials that take their time: before the first of them is found, something else happens."""

    def __init__(self, store, happens):
        self.store, self.happens = store, happens

    def __getattr__(self, name):
        return getattr(self.store, name)

    async def runs(self, query):
        if (happens := self.happens) is not None:
            self.happens = None
            await happens()
        return await self.store.runs(query)


@pytest.mark.parametrize(
    ("refused", "told"), [(True, "refused already"), (False, f"production is {OLD.version}")]
)
async def test_what_happens_while_trials_are_read_is_seen_before_it_is_approved(
    api, desk, refused, told
):
    nonce = (await api.post(PATH, json=asked("production"))).json()["waiting"]["nonce"]
    request = (await desk.releases.heads()).asked["support"]

    async def happens():
        no = request.model_copy(update={"refused_by": "vera"})
        await desk.releases.give(no if refused else released("production", OLD))

    desk.store = Meanwhile(desk.store, happens)
    answer = await api.post(f"{PATH}/approve", json={"nonce": nonce}, headers=as_("otto-token"))

    assert answer.status_code == 409
    assert told in answer.json()["what"]
    moved = (await desk.releases.heads()).version("support", "production")
    assert moved == (None if refused else OLD.version)


@pytest.mark.parametrize("label", ["staging", "canary", "production"])
async def test_a_label_is_not_moved_where_production_moved_while_trials_were_read(api, desk, label):
    async def happens():
        await desk.releases.give(released("production", OLD))

    desk.store = Meanwhile(desk.store, happens)
    answer = await api.post(PATH, json=asked(label))

    assert answer.status_code == 409
    assert f"production is {OLD.version}" in answer.json()["what"]
    assert len(desk.releases.given) == 1
