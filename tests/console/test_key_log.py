"""Keys as they lie on the stream: the first creation counts, and any doubt ends one."""

from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.access import KeyCreated, KeyRevoked
from contracts.envelope import Stored
from contracts.subjects import CONSOLE
from services.console.key_log import KeyHeads, encoded
from shared.signing import Ed25519Signer, Keyring
from tests.bodies import NOON

SIGNER, OTHER = Ed25519Signer(b"c" * 32), Ed25519Signer(b"x" * 32)
KEYRING = Keyring({CONSOLE: [SIGNER.public_hex]})


def created(**changes):
    known = {
        "key_id": "k-1",
        "sha256": "0" * 64,
        "principal": "service:bot",
        "roles": ("viewer",),
        "expires_at": NOON + timedelta(days=1),
        "created_by": "ada@example.org",
        "at": NOON,
        "nonce": "n-1",
    }
    return KeyCreated.model_validate({**known, **changes})


def revoked(**changes):
    known = {"key_id": "k-1", "principal": "ada@example.org", "at": NOON, "nonce": "n-2"}
    return KeyRevoked.model_validate({**known, **changes})


def lying(*told, signer=SIGNER):
    """The messages, in log order."""
    return [
        Stored(one.subject, one.headers, one.body, number, NOON)
        for number, one in enumerate((encoded(each, signer) for each in told), start=1)
    ]


@pytest.fixture
def heads():
    return KeyHeads(verifier=KEYRING)


def test_a_key_is_in_force_until_it_is_revoked(heads):
    heads.take(lying(created()))
    assert heads.in_force("k-1", NOON) == created()

    heads.take(lying(created(), revoked()))

    assert heads.in_force("k-1", NOON) is None


def test_of_two_creations_the_first_counts(heads):
    heads.take(lying(created(), created(roles=("operator",), nonce="n-3")))

    assert heads.in_force("k-1", NOON).roles == ("viewer",)


def test_a_key_that_somebody_else_signed_opens_nothing(heads):
    heads.take(lying(created(), signer=OTHER))

    assert heads.in_force("k-1", NOON) is None


def test_a_revocation_that_nobody_believes_still_ends_a_key(heads):
    heads.take(lying(created()))
    (forged,) = lying(revoked(), signer=OTHER)

    heads.take([replace(forged, sequence=2)])

    assert heads.in_force("k-1", NOON) is None


def test_a_key_that_was_moved_to_another_id_opens_nothing(heads):
    (message,) = lying(created())

    heads.take([replace(message, subject="key.k-2.created")])

    assert heads.in_force("k-1", NOON) is None
    assert heads.in_force("k-2", NOON) is None


def test_what_was_read_is_not_taken_twice(heads):
    assert len(heads.take(lying(created(), revoked()))) == 2
    assert heads.take(lying(created(), revoked())) == ()
