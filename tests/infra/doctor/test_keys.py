"""Keys that are gone, open, swapped or not named are found, each by its own sentence."""

import json
from dataclasses import replace

import pytest

from infra.doctor.check import Check
from infra.doctor.installation import Installation
from infra.doctor.keys import look_at_keys


async def amiss(home, kind="platform"):
    """By name, what does not hold."""
    installation = replace(Installation.found(home, {}), kind=kind)
    findings = await Check("keys", look_at_keys).findings(installation)
    return {one.name: one for one in findings if one.state != "ok"}


async def test_the_keys_of_a_new_home_are_well(keyed):
    assert await amiss(keyed) == {}


@pytest.mark.parametrize("name", ["cost_ledger.nkey", "guardrail_checker.seed"])
async def test_a_key_that_others_may_read_fails_with_the_command_that_closes_it(keyed, name):
    (keyed.keys / name).chmod(0o640)

    found = await amiss(keyed)

    assert found[name].state == "fail"
    assert found[name].remedy == f"chmod 600 {keyed.keys / name}"


async def test_a_token_file_that_others_may_read_fails(keyed):
    (keyed.keys / "tokens.json").write_text("{}")
    (keyed.keys / "tokens.json").chmod(0o644)

    assert (await amiss(keyed))["tokens.json"].state == "fail"


async def test_a_key_that_is_gone_fails_here_and_is_elsewhere_in_a_deployment(keyed):
    (keyed.keys / "console.nkey").unlink()

    assert (await amiss(keyed))["console.nkey"].state == "fail"
    assert (await amiss(keyed, "deployment"))["console.nkey"].state == "skipped"


async def test_a_file_that_is_no_key_fails(keyed):
    (keyed.keys / "observer.nkey").write_text("not a key\n")

    assert "not an nkey seed" in (await amiss(keyed))["observer.nkey"].detail


async def test_a_swapped_signing_key_is_not_the_one_that_the_keyring_names(keyed):
    ledger, console = keyed.keys / "cost_ledger.seed", keyed.keys / "console.seed"
    ledger.write_text(console.read_text())

    found = await amiss(keyed)

    assert list(found) == ["keyring.json cost_ledger"]
    assert "facts are not believed" in found["keyring.json cost_ledger"].detail


async def test_a_keyring_that_is_gone_names_nobody(keyed):
    (keyed.keys / "keyring.json").unlink()

    assert "keyring.json guardrail_checker" in await amiss(keyed)


async def test_a_keyring_that_does_not_parse_fails(keyed):
    (keyed.keys / "keyring.json").write_text(json.dumps(["no", "owners"]))

    assert (await amiss(keyed))["keyring.json"].state == "fail"


async def test_an_nkey_that_nats_is_not_told_of_is_named(keyed):
    router, console = keyed.keys / "model_router.nkey", keyed.keys / "console.nkey"
    router.write_text(console.read_text())
    conf = keyed.nats / "authorization.conf"
    conf.write_text(conf.read_text().replace('nkey: "U', 'nkey: "UX', 2))

    found = await amiss(keyed)

    assert "another key for orchestrator" in found["authorization.conf"].detail


async def test_permissions_that_were_edited_are_found(keyed):
    conf = keyed.nats / "authorization.conf"
    conf.write_text(conf.read_text().replace('"run.*.*.model.responded"', '"run.>"', 1))

    assert "other permissions" in (await amiss(keyed))["authorization.conf"].detail


async def test_without_keys_there_is_nothing_to_look_at(home):
    assert (await amiss(home))["keys"].state == "skipped"
