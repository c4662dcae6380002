"""Keys and deeds on the wire stay as they are: what was written once is read by every release."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.access import KeyCreated, KeyRevoked
from contracts.audit import (
    DEEDS,
    BackfillAsked,
    ErasureAsked,
    ErasureEnded,
    LetterDiscarded,
    RebuildAsked,
    RunImported,
)
from contracts.envelope import Stored
from contracts.subjects import CONSOLE, OBSERVER
from services.console.audit_log import believed, kind_of
from services.console.key_log import CREATED, REVOKED
from shared.signing import Ed25519Signer, Keyring
from tests.bodies import NOON

GOLDEN = Path(__file__).parent / "golden" / "wire"
SIGNER = Ed25519Signer(b"c" * 32)
KEYRING = Keyring({CONSOLE: [SIGNER.public_hex], OBSERVER: [SIGNER.public_hex]})
WHO = {"principal": "ada@example.org", "by_key": "k-9", "reason": "asked to"}
WHEN = {"at": NOON, "nonce": "n-1"}
DIGEST = "0123456789abcdef" * 4

TOLD = {
    "key.created": KeyCreated(
        key_id="k-1",
        sha256=DIGEST,
        principal="service:bot",
        roles=("operator",),
        tenants=("acme",),
        expires_at=NOON + timedelta(days=90),
        created_by="ada@example.org",
        by_key="k-9",
        reason="for the shop",
        **WHEN,
    ),
    "key.revoked": KeyRevoked(key_id="k-1", **WHO, **WHEN),
    "erasure.asked": ErasureAsked(
        kind="forget", tenant="acme", person_sha256=DIGEST, **WHO, **WHEN
    ),
    "erasure.ended": ErasureEnded(
        number=12,
        kind="forget",
        tenant="acme",
        person_sha256=DIGEST,
        state="done",
        runs=2,
        proof_sha256=DIGEST,
        principal="ada@example.org",
        **WHEN,
    ),
    "letter.discarded": LetterDiscarded(number=7, **WHO, **WHEN),
    "run.imported": RunImported(tenant="acme", run_id="r-1", digest=DIGEST, **WHO, **WHEN),
    "rebuild.asked": RebuildAsked(**WHO, **WHEN),
    "backfill.asked": BackfillAsked(
        tenant="acme", schedule="nightly", since=NOON, until=NOON, **WHO, **WHEN
    ),
}


def kind(name):
    return {"key.created": CREATED, "key.revoked": REVOKED}.get(name) or kind_of(f"audit.{name}")


def owner(name):
    return getattr(kind(name).shape, "owner", CONSOLE)


def written(name):
    encoded = kind(name).encode(TOLD[name], owner(name), SIGNER)
    body = json.loads(encoded.body)
    return {"subject": encoded.subject, "headers": encoded.headers, "body": body}


@pytest.mark.parametrize("name", TOLD)
def test_it_is_written_as_it_was(name):
    assert written(name) == json.loads((GOLDEN / f"{name}.v1.json").read_text())


@pytest.mark.parametrize("name", TOLD)
def test_what_was_written_is_believed(name):
    kept = json.loads((GOLDEN / f"{name}.v1.json").read_text())
    body = json.dumps(kept["body"], separators=(",", ":")).encode()
    message = Stored(kept["subject"], kept["headers"], body, 1, NOON)

    assert kind(name).believe(message, KEYRING, (owner(name),)) == TOLD[name]


def test_every_deed_has_its_file():
    assert {one.name for one in DEEDS} | {"key.created", "key.revoked"} == set(TOLD)
    assert {one.name.removesuffix(".v1.json") for one in GOLDEN.iterdir()} == set(TOLD)


def test_a_deed_of_a_newer_release_is_passed_over():
    name = "rebuild.asked"
    encoded = kind(name).encode(TOLD[name], CONSOLE, SIGNER)
    message = Stored("audit.weather.changed", encoded.headers, encoded.body, 1, NOON)

    assert believed(message, KEYRING) is None


def test_a_deed_that_somebody_else_signed_is_not_told():
    name = "rebuild.asked"
    encoded = kind(name).encode(TOLD[name], CONSOLE, Ed25519Signer(b"x" * 32))
    message = Stored(encoded.subject, encoded.headers, encoded.body, 1, NOON)

    assert believed(message, KEYRING) is None


def test_a_service_tells_only_deeds_that_are_its_own():
    encoded = kind("erasure.ended").encode(TOLD["erasure.ended"], OBSERVER, SIGNER)
    message = Stored(encoded.subject, encoded.headers, encoded.body, 1, NOON)

    assert believed(message, Keyring({CONSOLE: [SIGNER.public_hex]})) is None
    assert believed(message, Keyring({OBSERVER: [SIGNER.public_hex]})) == TOLD["erasure.ended"]
