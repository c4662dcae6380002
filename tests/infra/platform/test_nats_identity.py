"""Keys are made once, kept, and never overwritten."""

import json
import stat

import nkeys
import pytest
from nacl.signing import SigningKey

from infra.platform.errors import KeyFileCorrupt
from infra.platform.nats_identity import ensure_nats_users, ensure_signers, keyring_file


def test_each_name_gets_a_user_key_of_its_own(home):
    users = ensure_nats_users(home, ["console", "orchestrator"])

    assert users["console"].public_key.startswith("U")
    assert users["console"].public_key != users["orchestrator"].public_key
    assert stat.S_IMODE(users["console"].seed_file.stat().st_mode) == 0o600


def test_a_user_file_holds_the_seed_of_its_public_key(home):
    user = ensure_nats_users(home, ["console"])["console"]

    pair = nkeys.from_seed(bytearray(user.seed_file.read_text().strip(), "ascii"))

    assert pair.public_key.decode() == user.public_key


def test_a_signature_of_the_seed_is_verified_by_the_keyring(home):
    signer = ensure_signers(home, ["guardrail_checker"])["guardrail_checker"]

    key = SigningKey(bytes.fromhex(signer.seed_file.read_text().strip()))

    keyring = json.loads(keyring_file(home).read_text())
    assert keyring == {"guardrail_checker": [key.verify_key.encode().hex()]}
    assert stat.S_IMODE(signer.seed_file.stat().st_mode) == 0o600


def test_keys_stay_the_same_on_the_next_start(home):
    users, signers = ensure_nats_users(home, ["a"]), ensure_signers(home, ["a"])
    ring = keyring_file(home).read_bytes()

    assert ensure_nats_users(home, ["a"]) == users
    assert ensure_signers(home, ["a"]) == signers
    assert keyring_file(home).read_bytes() == ring


def test_the_keyring_keeps_old_keys_when_a_seed_is_replaced(home):
    old = ensure_signers(home, ["a"])["a"]
    old.seed_file.unlink()

    new = ensure_signers(home, ["a"])["a"]

    keyring = json.loads(keyring_file(home).read_text())
    assert keyring == {"a": [old.public_key, new.public_key]}


@pytest.mark.parametrize("text", ["", "SU", "not a key", "SUAIBDPBAUTWCWBKIO6XHQNINK5FWJW4", "ü"])
def test_a_corrupt_user_key_is_an_error_and_is_kept(home, text):
    path = home.keys / "a.nkey"
    path.write_text(text)
    path.chmod(0o600)

    with pytest.raises(KeyFileCorrupt, match=r"a\.nkey.*never overwritten"):
        ensure_nats_users(home, ["a"])

    assert path.read_text() == text


def test_a_key_of_another_kind_is_refused(home):
    path = home.keys / "a.nkey"
    path.write_bytes(nkeys.encode_seed(b"1" * 32, nkeys.PREFIX_BYTE_ACCOUNT))
    path.chmod(0o600)

    with pytest.raises(KeyFileCorrupt, match="not of a user"):
        ensure_nats_users(home, ["a"])


@pytest.mark.parametrize("text", ["", "abcd", "z" * 64, "a" * 66])
def test_a_corrupt_signing_seed_is_an_error_and_is_kept(home, text):
    path = home.keys / "a.seed"
    path.write_text(text)
    path.chmod(0o600)

    with pytest.raises(KeyFileCorrupt, match=r"a\.seed"):
        ensure_signers(home, ["a"])

    assert path.read_text() == text


def test_a_key_that_others_may_read_is_refused(home):
    user = ensure_nats_users(home, ["a"])["a"]
    user.seed_file.chmod(0o644)

    with pytest.raises(KeyFileCorrupt, match="chmod 600"):
        ensure_nats_users(home, ["a"])


def test_a_corrupt_keyring_is_an_error(home):
    keyring_file(home).write_text("[]")

    with pytest.raises(KeyFileCorrupt, match="keyring"):
        ensure_signers(home, ["a"])
