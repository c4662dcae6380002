"""Orders to archive and delete: who may give them, what they say, and what is shown of them."""

from dataclasses import replace

import pytest

from contracts.audit import ErasureEnded, erasure_proof
from services.console.cli.errors import CONFLICT
from services.console.store.erasures import ErasedRun
from tests.bodies import NOON
from tests.console.conftest import as_
from tests.console.test_cli import fake, interlock  # noqa: F401 - `fake` is a fixture

DONE = {
    "number": 7,
    "kind": "delete",
    "dry_run": False,
    "tenant": "acme",
    "run_id": "r-1",
    "person_sha256": None,
    "reason": "asked to",
    "asked_by": "anna@example.org",
    "asked_at": "2026-01-01T12:00:00Z",
    "state": "done",
    "ended_at": "2026-01-01T12:00:01Z",
    "answer": "1 run deleted",
    "remains": ["backups of PostgreSQL"],
    "runs": [
        {
            "run_id": "r-1",
            "evidence": {
                "log": {
                    "subject": "run.acme.r-1.>",
                    "facts": 21,
                    "first_sequence": 1,
                    "last_sequence": 21,
                    "digest": "d" * 64,
                },
                "content": [],
                "archive": None,
                "rows": {"runs": 1, "reviews": 0},
                "after": {"log": {"facts": 1}},
            },
            "tombstone": 22,
            "erased_at": "2026-01-01T12:00:01Z",
        }
    ],
}


async def test_a_deletion_is_ordered_with_who_and_why(api, desk):
    answer = await api.post(
        "/runs/r-1/delete", json={"reason": "asked to"}, headers=as_("anna-token")
    )

    assert answer.status_code == 202
    (asked,) = desk.erasures.asked
    assert (asked.kind, asked.run_id, asked.reason) == ("delete", "r-1", "asked to")
    assert asked.principal == "anna@example.org"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/runs/r-1/delete", {"reason": "asked to"}),
        ("/runs/r-1/archive", {}),
        ("/people/forget", {"tenant": "acme", "customer": "c-1", "reason": "asked to"}),
    ],
)
async def test_who_only_looks_orders_nothing(api, desk, path, body):
    answer = await api.post(path, json=body, headers=as_("vera-token"))

    assert answer.status_code == 403
    assert not desk.erasures.asked


async def test_nobody_is_forgotten_in_the_tenant_of_others(api):
    body = {"tenant": "acme", "customer": "c-1", "reason": "asked to"}

    answer = await api.post("/people/forget", json=body, headers=as_("tom-token"))

    assert answer.status_code == 403


async def test_somebody_must_be_named_and_a_reason_given(api):
    body = {"tenant": "acme", "reason": "asked to"}
    nobody = await api.post("/people/forget", json=body, headers=as_("anna-token"))
    no_reason = await api.post("/runs/r-1/delete", json={"reason": ""}, headers=as_("anna-token"))

    assert nobody.json()["what"] == "nobody is named"
    assert no_reason.status_code == 422


async def test_a_person_is_found_again_by_the_same_words(api, desk):
    body = {"tenant": "acme", "customer": "c-1", "reason": "asked to"}
    await api.post("/people/forget", json=body, headers=as_("anna-token"))

    query = {"tenant": "acme", "customer": "c-1"}
    found = (await api.get("/erasures", params=query, headers=as_("vera-token"))).json()
    query = {"tenant": "acme", "customer": "c-2"}
    others = (await api.get("/erasures", params=query, headers=as_("vera-token"))).json()

    assert [one["kind"] for one in found] == ["forget"]
    assert "c-1" not in str(found)
    assert others == []


async def test_the_proof_of_another_tenant_is_not_shown(api, desk):
    await api.post("/runs/r-1/delete", json={"reason": "x"}, headers=as_("anna-token"))
    desk.erasures.known[1] = replace(desk.erasures.known[1], tenant="acme")

    found = await api.get("/erasures/1", headers=as_("tom-token"))

    assert found.status_code == 404


@pytest.mark.parametrize(
    ("evidence", "proof"),
    [({"log": {"facts": 21}}, "confirmed"), ({"log": {"facts": 9}}, "differs")],
)
async def test_a_proof_that_was_changed_is_found_out(api, desk, evidence, proof):
    await api.post("/runs/r-1/delete", json={"reason": "x"}, headers=as_("anna-token"))
    run = ErasedRun("r-1", {"log": {"facts": 21}}, 22, NOON)
    await desk.audit.note(ended(1, run))
    changed = replace(run, evidence=evidence)
    desk.erasures.known[1] = replace(
        desk.erasures.known[1], state="done", ended_at=NOON, runs=(changed,)
    )

    found = await api.get("/erasures/1", headers=as_("vera-token"))

    assert found.json()["proof"] == proof


async def test_a_proof_that_nobody_signed_is_said_to_have_none(api, desk):
    await api.post("/runs/r-1/delete", json={"reason": "x"}, headers=as_("anna-token"))
    await desk.audit.note(ended(2))
    desk.erasures.known[1] = replace(desk.erasures.known[1], state="done", ended_at=NOON)

    assert (await api.get("/erasures/1", headers=as_("vera-token"))).json()["proof"] == "absent"


def ended(number, *runs):
    return ErasureEnded(
        number=number,
        kind="delete",
        tenant="acme",
        run_id="r-1",
        state="done",
        runs=len(runs),
        proof_sha256=erasure_proof((one.run_id, one.tombstone, one.evidence) for one in runs),
        principal="anna@example.org",
        at=NOON,
        nonce=f"order-{number}",
    )


def test_a_deletion_waits_for_its_proof(fake):  # noqa: F811 - the fixture
    fake.answer("POST", "/runs/r-1/delete", {**DONE, "state": "asked"})
    fake.answer("GET", "/erasures/7", DONE)

    result = interlock("runs", "delete", "r-1", "--reason", "asked to", "--yes")

    assert result.exit_code == 0
    assert "21 facts, sequences 1 to 21" in result.output
    assert "backups of PostgreSQL" in result.output


def test_a_refusal_says_why(fake):  # noqa: F811 - the fixture
    fake.answer("POST", "/runs/r-1/delete", {**DONE, "state": "asked"})
    fake.answer("GET", "/erasures/7", {**DONE, "state": "refused", "answer": "it is open"})

    result = interlock("runs", "delete", "r-1", "--reason", "asked to", "--yes")

    assert result.exit_code == CONFLICT
    assert "it is open" in result.output


def test_nothing_is_deleted_without_a_yes(fake):  # noqa: F811 - the fixture
    fake.answer("POST", "/runs/r-1/delete", {**DONE, "state": "asked", "dry_run": True})
    fake.answer("GET", "/erasures/7", {**DONE, "answer": "1 run would be deleted"})

    result = interlock("runs", "delete", "r-1", "--reason", "asked to")

    assert result.exit_code != 0
    assert len([one for one in fake.asked if one.method == "POST"]) == 1
