"""Runs that grow from runs, through every layer: forks touch nothing, conversations go on."""

import httpx
import pytest

from contracts.export import read
from contracts.guardrail import ToolBlocked
from contracts.history import prompt
from contracts.tool import ToolClaimed, ToolFailed, ToolSucceeded
from infra.demo.scenes import completed
from infra.demo.stage import TENANT
from infra.policies.checking import kept
from shared.signing import load_keyring

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

ASKED = "Please kindly refund order 1044."


@pytest.fixture
async def api(platform):
    async with httpx.AsyncClient(
        base_url=f"{platform.console_url}/api/v1",
        headers={"authorization": f"Bearer {platform.token}"},
        params={"tenant": TENANT},
        timeout=30,
    ) as http:
        yield http


async def outcomes(stage, run_id):
    facts = await stage.facts(run_id)
    return [one.body for one in facts if isinstance(one.body, ToolSucceeded | ToolFailed)]


async def test_a_fork_with_other_instructions_touches_nothing_and_proves_it(stage, api):
    await stage.submit("forked", ASKED)
    parent = await stage.finished("forked")
    assert completed(parent), parent.end
    refunds, effects = await stage.refunds("1044"), await stage.effects("forked")

    same = {"run_id": "fork-same"}
    other = {"run_id": "fork-other", "instructions": "Help customers. Be generous."}
    for body in (same, other):
        (await api.post("/runs/forked/fork", json=body)).raise_for_status()
        assert completed(await stage.finished(body["run_id"]))

    assert await stage.refunds("1044") == refunds == ["5.00"]
    assert await stage.effects("fork") == effects
    for run_id in ("fork-same", "fork-other"):
        facts = await stage.facts(run_id)
        assert not [one for one in facts if isinstance(one.body, ToolClaimed)]
        proof = (await api.get(f"/runs/{run_id}/proof")).json()
        assert (proof["holds"], proof["claims"]) == (True, 0), proof
        assert proof["cost_micro_usd"] > 0
    assert [type(one) for one in await outcomes(stage, "fork-same")] == [ToolSucceeded] * 2
    (found, refused) = await outcomes(stage, "fork-other")
    assert found.replayed_from is not None
    assert "a shadow run touches nothing" in refused.reason
    differences = (await api.get("/runs/forked/diff/fork-other")).json()
    assert differences["divergence"]["step"] == 2


async def test_a_stricter_policy_stops_a_call_of_a_fork_and_nothing_is_touched(
    stage, api, platform
):
    await stage.submit("lenient", ASKED.replace("1044", "1050"))
    assert completed(await stage.finished("lenient"))
    refunds, effects = await stage.refunds("1050"), await stage.effects("lenient")
    [_, strict] = kept(platform.options.config_dir)

    body = {"run_id": "fork-strict", "policy": strict["version"]}
    (await api.post("/runs/lenient/fork", json=body)).raise_for_status()
    unknown = {"run_id": "fork-unknown", "policy": "shop@0000"}
    (await api.post("/runs/lenient/fork", json=unknown)).raise_for_status()

    assert completed(await stage.finished("fork-strict"))
    facts = [one.body for one in await stage.facts("fork-strict")]
    (blocked,) = (one for one in facts if isinstance(one, ToolBlocked))
    assert (blocked.rule, blocked.policy_version) == ("would_ask", strict["version"])
    assert not [one for one in facts if isinstance(one, ToolClaimed)]
    proof = (await api.get("/runs/fork-strict/proof")).json()
    assert (proof["holds"], proof["claims"]) == (True, 0), proof
    assert (await stage.refunds("1050"), await stage.effects("lenient")) == (refunds, effects)
    assert strict["version"] in (await stage.finished("fork-unknown")).end.body.reason


async def test_a_fork_from_a_later_step_sees_what_the_other_run_saw_there(stage, api):
    await stage.submit(
        "later", ASKED.replace("kindly", "slowly").replace("1044", "9044, which was 7.00")
    )
    parent = await stage.finished("later")

    body = {"run_id": "fork-later", "step": 2}
    (await api.post("/runs/later/fork", json=body)).raise_for_status()
    fork = await stage.finished("fork-later")

    theirs = parent.steps[1].requested.body.prompt_sha256
    assert fork.steps[0].requested.body.prompt_sha256 == theirs
    assert prompt(fork, 1) == prompt(parent, 2)


async def test_the_next_turn_of_a_conversation_remembers(stage):
    await stage.submit("first-turn", "hello")
    await stage.finished("first-turn")

    await stage.submit("second-turn", "Are you still there?", continues="first-turn")
    run = await stage.finished("second-turn")

    assert completed(run), run.end
    texts = [turn.parts[0].text for turn in prompt(run, 1).turns]
    assert texts == ["hello", "Hello. How can I help?", "Are you still there?"]


async def test_a_fork_travels_as_a_file_and_is_verified_by_the_platforms_keys(stage, api, platform):
    await stage.submit("travels", "hello")
    await stage.finished("travels")
    (await api.post("/runs/travels/fork", json={"run_id": "fork-travels"})).raise_for_status()
    await stage.finished("fork-travels")

    content = (await api.get("/runs/fork-travels/export")).raise_for_status().content
    known = await api.post("/archives", content=content)

    exported = read(content, load_keyring(platform.places.home.keys / "keyring.json"))
    assert exported.run().ancestor.run_id == "travels"
    assert known.json()["reason"] == "the log has it already"


async def test_an_archive_is_shown_where_the_log_has_nothing(stage, api, platform):
    await stage.submit("purged", "hello")
    await stage.finished("purged")
    content = (await api.get("/runs/purged/export")).raise_for_status().content
    client = await platform.connect()
    try:
        await client.jetstream().purge_stream("RUNS", subject=f"run.{TENANT}.purged.>")
    finally:
        await client.close()

    kept = await api.post("/archives", content=content)

    assert kept.status_code == 201, kept.text
    assert (await api.get("/runs/purged/export")).content == content
    assert len((await api.get("/runs/purged/facts")).json()) == kept.json()["facts"]
