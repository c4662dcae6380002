"""Keys: what verifies, what does not, and what is said of a bad file."""

import json

import pytest

from shared.errors import ConfigError
from shared.signing import Ed25519Signer, Keyring, load_keyring, load_signer

SIGNER = Ed25519Signer(bytes(range(32)))
OTHER = Ed25519Signer(bytes(32))


def test_a_signature_holds_for_its_owner_and_message_alone():
    keyring = Keyring({"us": [SIGNER.public_hex], "them": [OTHER.public_hex]})
    signature = SIGNER.sign(b"message")

    assert keyring.verify("us", b"message", signature)
    assert not keyring.verify("them", b"message", signature)
    assert not keyring.verify("us", b"massage", signature)
    assert not keyring.verify("nobody", b"message", signature)


def test_both_keys_verify_while_one_replaces_the_other():
    keyring = Keyring({"us": [OTHER.public_hex, SIGNER.public_hex]})

    assert keyring.verify("us", b"message", OTHER.sign(b"message"))
    assert keyring.verify("us", b"message", SIGNER.sign(b"message"))


@pytest.mark.parametrize("signature", ["", "not base64!", "AAAA", "é", "A" * 1_000_000])
def test_what_is_no_signature_verifies_nothing(signature):
    assert not Keyring({"us": [SIGNER.public_hex]}).verify("us", b"message", signature)


def test_a_service_that_signs_nothing_needs_no_key():
    assert load_signer(None) is None


@pytest.mark.parametrize("content", ["", "zz", "00" * 31, "00" * 33])
def test_a_bad_signing_key_is_named(tmp_path, content):
    path = tmp_path / "one.seed"
    path.write_text(content)

    with pytest.raises(ConfigError, match=r"one\.seed"):
        load_signer(path)


@pytest.mark.parametrize("content", ["", "[]", '{"us": ["zz"]}', '{"us": ["00"]}'])
def test_a_bad_keyring_is_named(tmp_path, content):
    path = tmp_path / "keyring.json"
    path.write_text(content)

    with pytest.raises(ConfigError, match=r"keyring\.json"):
        load_keyring(path)


def test_no_service_starts_without_a_keyring():
    with pytest.raises(ConfigError, match="INTERLOCK_KEYRING_FILE"):
        load_keyring(None)


def test_keys_that_were_written_are_read(tmp_path):
    (tmp_path / "one.seed").write_text(bytes(range(32)).hex() + "\n")
    (tmp_path / "keyring.json").write_text(json.dumps({"us": [SIGNER.public_hex]}))

    signer = load_signer(tmp_path / "one.seed")

    assert load_keyring(tmp_path / "keyring.json").verify("us", b"x", signer.sign(b"x"))
