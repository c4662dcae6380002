"""A stolen clearance: replayed, changed, and taken to another run. It starts nothing."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.envelope import Encoded, Stored, Unbelievable, believe, encode
from contracts.subjects import GUARDRAIL
from services.tool_executor.rules import Act, decide_clearance
from shared.signing import Ed25519Signer, Keyring
from tests.bodies import tool_claimed, tool_succeeded
from tests.tool_executor.calling import NOON, Cleared, declared, registry_of

DOUBLE = declared("double")
GATE = Ed25519Signer(b"g" * 32)
KEYS = Keyring({GUARDRAIL: (GATE.public_hex,)})
SIGNED = encode(Cleared(DOUBLE).fact, GATE)
OTHERS = {
    "call": ["1-2", "2-1", ""],
    "attempt": [2, 0],
    "tool": ["sleep", "double "],
    "manifest_sha256": ["0" * 64],
    "arguments_sha256": ["0" * 64],
    "approval_id": ["d-1"],
    "expires_at": ["2036-03-02T12:00:00Z"],
    "policy_version": ["lenient@0"],
}
changes = st.sampled_from([(name, value) for name, several in OTHERS.items() for value in several])


def believed(once: Encoded):
    return believe(Stored(once.subject, once.headers, once.body, 99, NOON), KEYS)


def acts(cleared: Cleared, fact=None, seconds: float = 0) -> bool:
    decision = decide_clearance(
        cleared.run,
        fact or cleared.fact,
        NOON + timedelta(seconds=seconds),
        registry_of(DOUBLE).manifests,
        margin_seconds=1.0,
    )
    return isinstance(decision, Act)


def test_the_clearance_itself_is_believed_and_acted_upon():
    cleared = Cleared(DOUBLE)

    assert believed(SIGNED).body == cleared.fact.body
    assert acts(cleared)


@given(change=changes)
def test_a_changed_clearance_is_not_its_owners(change):
    name, value = change
    body = {**json.loads(SIGNED.body), name: value}

    with pytest.raises(Unbelievable):
        believed(replace(SIGNED, body=json.dumps(body, separators=(",", ":")).encode()))


@settings(max_examples=300)
@given(at=st.integers(0, len(SIGNED.body) - 1), byte=st.integers(0, 255))
def test_no_byte_of_it_may_be_another(at, byte):
    changed = SIGNED.body[:at] + bytes([byte]) + SIGNED.body[at + 1 :]
    if changed == SIGNED.body:
        return

    with pytest.raises(Unbelievable):
        believed(replace(SIGNED, body=changed))


@given(tenant=st.sampled_from(["acme", "other"]), run_id=st.sampled_from(["r-1", "r-2", "r-1-1"]))
def test_it_belongs_to_one_run_of_one_tenant(tenant, run_id):
    if (tenant, run_id) == ("acme", "r-1"):
        return

    with pytest.raises(Unbelievable):
        believed(replace(SIGNED, subject=f"run.{tenant}.{run_id}.tool.cleared"))


@pytest.mark.parametrize("owner", ["orchestrator", "tool_executor"])
def test_nobody_elses_signature_clears(owner):
    thief = Ed25519Signer(owner.encode().ljust(32, b"x"))
    keys = Keyring({GUARDRAIL: (GATE.public_hex,), owner: (thief.public_hex,)})
    forged = encode(Cleared(DOUBLE).fact, thief)

    with pytest.raises(Unbelievable):
        believe(Stored(forged.subject, forged.headers, forged.body, 99, NOON), keys)


def test_a_replay_starts_nothing_twice():
    claimed, done = Cleared(DOUBLE), Cleared(DOUBLE)
    claimed.history.say(tool_claimed("1-1"), claimed.fact)
    done.history.say(tool_claimed("1-1"), done.fact)
    done.history.say(tool_succeeded("1-1"), done.fact)

    assert not acts(claimed)
    assert not acts(done)
    assert not acts(done, replace(done.fact, sequence=99))


@given(seconds=st.integers(5 * 60, 10**6))
def test_it_expires(seconds):
    assert not acts(Cleared(DOUBLE), seconds=seconds)


def test_a_clearance_of_one_run_permits_nothing_in_another():
    """Even if it were believed: it is the verdict on a request that the other run does not have."""
    other = Cleared(DOUBLE, '{"x": 22}')
    foreign = Cleared(DOUBLE).fact

    assert not acts(other, replace(foreign, id="acme/r-2:verdict"))
