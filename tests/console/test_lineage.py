"""Forks, proofs, differences and files over HTTP, beside the real services in memory."""

import json

import pytest

from contracts.subjects import SERVICES
from contracts.tool import ToolClaimed, ToolSucceeded
from services.console.adapters import MemoryHistory
from services.console.archives import KeptHistory
from shared.signing import Ed25519Signer, Keyring
from tests.console.conftest import as_
from tests.ensemble import SUPPORT, Ensemble
from tests.lineage.test_forks import FIND, LARGE, SMALL, by_instructions, scripted

SIGNERS = {owner: Ed25519Signer(bytes([number]) * 32) for number, owner in enumerate(SERVICES, 1)}
KEYRING = Keyring({owner: [signer.public_hex] for owner, signer in SIGNERS.items()})
OTHER_WORDS = {"instructions": "Other words."}


@pytest.fixture
def ensemble(desk):
    """A platform whose console is the one under test. Other words make the model do otherwise."""
    script = by_instructions(
        scripted([FIND], [LARGE], "Refunded."), Other=scripted([FIND], [SMALL], "Not so much.")
    )
    ensemble = Ensemble(script)
    desk.bus, desk.keyring = ensemble.bus, KEYRING
    desk.agents = {"support": SUPPORT}
    desk.history = KeptHistory(MemoryHistory(ensemble.bus.facts, SIGNERS), desk.archives)
    return ensemble


@pytest.fixture
async def forked(ensemble, api):
    """A finished run, and a finished fork of it with other words."""
    await ensemble.play("r-1")
    answer = await api.post("/runs/r-1/fork", json={**OTHER_WORDS, "run_id": "f-1"})
    assert answer.status_code == 201
    return await ensemble.settle("f-1")


async def exported(api, run_id="r-1"):
    answer = await api.get(f"/runs/{run_id}/export")
    assert answer.status_code == 200, answer.text
    return answer.content


def elsewhere(ensemble, desk):
    """The same console over a log that has nothing."""
    ensemble.bus.facts.clear()
    assert desk.bus is ensemble.bus


async def test_a_fork_is_a_task_of_the_person_who_asked_for_it(forked):
    task = forked.submitted.body

    assert task.requester == "anna@example.org"
    assert (task.agent, task.input) == ("support", "Refund 1042.")
    assert forked.started.body.shadow


async def test_the_same_fork_under_the_same_id_is_forked_once(forked, api):
    again = await api.post("/runs/r-1/fork", json={**OTHER_WORDS, "run_id": "f-1"})
    other = await api.post("/runs/r-1/fork", json={"run_id": "f-1"})

    assert (again.status_code, other.status_code) == (200, 409)


@pytest.mark.parametrize(
    ("run_id", "body", "status"),
    [("r-1", {"step": 4}, 422), ("r-1", {"step": 0}, 422), ("r-9", {}, 404)],
)
async def test_what_cannot_be_forked_is_refused_at_once(ensemble, api, run_id, body, status):
    await ensemble.play("r-1")

    assert (await api.post(f"/runs/{run_id}/fork", json=body)).status_code == status


async def test_only_operators_fork_and_import(ensemble, api):
    await ensemble.play("r-1")

    for path in ("/runs/r-1/fork", "/archives"):
        answer = await api.post(path, json={}, headers=as_("vera-token"))
        assert answer.status_code == 403


async def test_the_proof_of_a_fork_holds_and_counts(forked, api):
    proof = (await api.get("/runs/f-1/proof")).json()

    assert proof["holds"]
    assert (proof["claims"], proof["reviews_asked"], proof["model_calls"]) == (0, 0, 3)
    assert [(one["call"], one["problem"]) for one in proof["replayed"]] == [("1-1", None)]
    assert [one["call"] for one in proof["withheld"]] == ["2-1"]
    assert proof["cost_micro_usd"] == forked.cost_micro_usd > 0
    assert "touched nothing: 0 effects were claimed" in proof["verdict"]


async def test_the_proof_of_a_run_that_acted_does_not_hold(forked, api):
    proof = (await api.get("/runs/r-1/proof")).json()

    assert not proof["holds"]
    assert proof["claims"] == 2
    assert "cannot be shown" in proof["verdict"]


async def test_a_claim_in_a_fork_breaks_its_proof(forked, ensemble, api):
    cleared = forked.steps[0].calls[0].last.verdict
    await ensemble.bus.claim(
        cleared, ToolClaimed(call="1-1", attempt=1, nonce="n", state="claimed")
    )

    assert not (await api.get("/runs/f-1/proof")).json()["holds"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"output_json": "{}"}, "it says something else than the record"),
        ({"replayed_from": "acme/r-1:made-up"}, "there is no such outcome on record"),
    ],
)
async def test_a_replay_that_repeats_nothing_breaks_the_proof(
    forked, ensemble, api, changes, problem
):
    place = next(
        number
        for number, one in enumerate(ensemble.bus.facts)
        if one.run_id == "f-1" and isinstance(one.body, ToolSucceeded)
    )
    fact = ensemble.bus.facts[place]
    object.__setattr__(fact, "body", fact.body.model_copy(update=changes))

    proof = (await api.get("/runs/f-1/proof")).json()

    assert not proof["holds"]
    assert [one["problem"] for one in proof["replayed"]] == [problem]


async def test_the_difference_tells_where_a_fork_first_goes_another_way(forked, api):
    found = (await api.get("/runs/r-1/diff/f-1")).json()

    first = found["divergence"]
    assert (first["step"], first["what"]) == (2, "arguments")
    assert '"amount":80' in first["first"]
    assert '"amount":10' in first["second"]
    assert found["differences"][-1] == {
        "step": 0,
        "what": "answer",
        "first": "Refunded.",
        "second": "Not so much.",
    }


async def test_a_fork_that_changes_nothing_does_not_differ(ensemble, api):
    await ensemble.play("r-1")
    await ensemble.fork("f-1", "r-1", 2)

    found = (await api.get("/runs/r-1/diff/f-1")).json()

    assert found["divergence"] is None
    assert (found["from_step"], found["steps"]) == (2, [2, 2])


async def test_a_prompt_of_a_fork_is_shown_whole(forked, api):
    seen = (await api.get("/runs/f-1/prompt/1")).json()

    assert seen["matches"]
    assert seen["prompt"]["instructions"] == "Other words."


async def test_an_exported_run_is_shown_again_where_the_log_has_nothing(
    forked, ensemble, desk, api
):
    paths = ("/runs/f-1", "/runs/f-1/facts", "/runs/f-1/prompt/2", "/runs/f-1/export")
    before = [(await api.get(path)).content for path in paths]
    elsewhere(ensemble, desk)
    assert (await api.get("/runs/f-1")).status_code == 404

    answer = await api.post("/archives", content=before[-1])

    assert answer.status_code == 201
    assert answer.json()["stored"]
    assert [(await api.get(path)).content for path in paths] == before


async def test_importing_twice_keeps_it_once(forked, ensemble, desk, api):
    content = await exported(api)
    elsewhere(ensemble, desk)
    await api.post("/archives", content=content)

    again = await api.post("/archives", content=content)

    assert (again.status_code, again.json()["stored"]) == (200, False)


async def test_a_run_that_the_log_has_is_not_kept_again(forked, api, desk):
    answer = await api.post("/archives", content=await exported(api))

    assert (answer.status_code, answer.json()["reason"]) == (200, "the log has it already")
    assert desk.archives.kept == {}


async def test_another_history_of_a_run_is_a_conflict(forked, ensemble, desk, api):
    content = await exported(api)
    elsewhere(ensemble, desk)
    ensemble.played = 0
    await ensemble.play("r-1", "Another task.")

    in_log = await api.post("/archives", content=content)
    other = await exported(api)
    elsewhere(ensemble, desk)
    await api.post("/archives", content=content)
    kept = await api.post("/archives", content=other)

    assert (in_log.status_code, kept.status_code) == (409, 409)


async def test_a_file_that_was_tampered_with_is_refused_by_its_line(forked, api):
    content = (await exported(api)).replace(b"Refunded.", b"Refused!!", 1)

    answer = await api.post("/archives", content=content)

    assert answer.status_code == 422
    assert answer.json()["where"].startswith("line ")


async def test_a_file_that_others_signed_is_refused(forked, desk, api):
    content = await exported(api)
    desk.keyring = Keyring({owner: ["aa" * 32] for owner in SERVICES})

    answer = await api.post("/archives", content=content)

    assert answer.status_code == 422
    assert "bad_signature" in answer.json()["what"]


async def test_a_file_of_another_tenant_is_not_a_persons_own(forked, api):
    content = await exported(api)

    answer = await api.post("/archives", content=content, headers=as_("tom-token"))

    assert answer.status_code == 403


async def test_an_archive_that_was_changed_is_not_shown(forked, ensemble, desk, api):
    content = await exported(api)
    elsewhere(ensemble, desk)
    await api.post("/archives", content=content)
    kept = desk.archives.kept["acme", "r-1"]
    desk.archives.kept["acme", "r-1"] = type(kept)(
        kept.digest, content.replace(b"Refunded.", b"Refused!!", 1)
    )

    assert (await api.get("/runs/r-1")).status_code == 503


async def test_an_archive_is_not_forked(forked, ensemble, desk, api):
    content = await exported(api)
    elsewhere(ensemble, desk)
    await api.post("/archives", content=content)

    assert (await api.post("/runs/r-1/fork", json={})).status_code == 409


async def test_a_file_names_the_keys_that_signed_it(forked, api):
    header = json.loads((await exported(api)).splitlines()[0])

    assert set(header["keys"]) == {"orchestrator", "guardrail_checker", "cost_ledger", "console"}
    assert header["keys"]["orchestrator"] == [SIGNERS["orchestrator"].public_hex]


async def test_a_run_that_is_too_large_for_a_file_is_told(forked, desk, api):
    desk.settings = desk.settings.model_copy(update={"archive_limit_bytes": 1024})

    assert (await api.get("/runs/r-1/export")).status_code == 413


async def test_a_task_continues_a_run_over_http(forked, ensemble, api):
    task = {"agent": "support", "input": "Thanks!", "run_id": "r-2", "continues": "r-1"}

    assert (await api.post("/tasks", json=task)).status_code == 201

    run = await ensemble.settle("r-2")
    assert run.started.body.ancestor.run_id == "r-1"
