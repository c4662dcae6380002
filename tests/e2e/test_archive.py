"""Runs leave the log of a live platform and are read on; people are deleted from it, with proof."""

import json

import pytest

from infra.demo.scenes import completed
from infra.demo.stage import TENANT
from tests.e2e.commands import interlock

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

ASKED = "hello"


async def finished(stage, run_id, **about):
    await stage.submit(run_id, ASKED, **about)
    assert completed(await stage.finished(run_id))
    return await stage.facts(run_id)


async def in_log(stage, run_id):
    return [one.type for one in await stage.facts(run_id)]


async def typed(platform, *arguments):
    return await interlock(platform.places.home.path, *arguments, "--tenant", TENANT)


async def test_an_archived_run_is_shown_exported_and_verified_as_before(platform, stage, tmp_path):
    facts = await finished(stage, "old")
    shown = await typed(platform, "runs", "show", "old")

    said = await typed(platform, "runs", "archive", "old")

    assert f"{len(facts)} facts lie in {TENANT}/" in said
    assert await in_log(stage, "old") == ["run.archived"]
    again = await typed(platform, "runs", "show", "old")
    assert "facts left the log" in again
    timeline = shown.splitlines()[2:]
    assert [line for line in again.splitlines() if line in timeline] == timeline
    file = tmp_path / "old.jsonl"
    await typed(platform, "runs", "export", "old", "--output", str(file))
    assert f"{len(facts)} facts" in await interlock(
        platform.places.home.path, "runs", "verify", str(file)
    )


async def test_a_person_is_forgotten_with_a_proof(platform, stage):
    facts = await finished(stage, "theirs", customer="c-forgotten", user="u@example.org")
    person = ("--customer", "c-forgotten")

    said = await typed(
        platform, "people", "forget", *person, "--reason", "asked", "--yes", "--json"
    )

    found = json.loads(said)
    assert found["state"] == "done"
    (one,) = found["runs"]
    assert (one["run_id"], one["evidence"]["log"]["facts"]) == ("theirs", len(facts))
    assert one["evidence"]["after"]["rows"]["runs"] == 0
    assert await in_log(stage, "theirs") == ["run.archived"]
    listed = json.loads(await typed(platform, "erasures", "list", *person, "--json"))
    assert [one["number"] for one in listed] == [found["number"]]
    assert "c-forgotten" not in json.dumps(listed)
    assert found["proof"] == "confirmed"
    deeds = json.loads(await typed(platform, "audit", "list", "--json"))
    ended = [one for one in deeds if one["deed"] == "erasure.ended"]
    assert found["number"] in [one["about"]["number"] for one in ended]
    assert "theirs" not in await typed(platform, "runs", "list", "--json")
