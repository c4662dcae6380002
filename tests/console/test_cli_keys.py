"""`interlock keys`: what it asks for, and what it shows."""

import json

from services.console.cli.errors import FAILED
from tests.console.test_cli import fake, interlock  # noqa: F401 - `fake` is a fixture

KEY = {
    "key_id": "k1",
    "principal": "service:bot",
    "roles": ["operator"],
    "tenants": ["acme"],
    "state": "valid",
    "created_by": "ada@example.org",
    "expires_at": "2026-06-01T12:00:00Z",
}


def test_a_new_key_alone_is_printed(fake):  # noqa: F811
    fake.answer("POST", "/keys", {**KEY, "key": "ilk_k1_secret"}, status=201)

    done = interlock(
        *("keys", "create", "service:bot", "--role", "viewer", "--role", "operator"),
        *("--tenant", "acme", "--days", "30"),
    )

    assert (done.exit_code, done.stdout) == (0, "ilk_k1_secret\n")
    assert "shown this once" in done.stderr
    assert json.loads(fake.asked[0].content) == {
        "principal": "service:bot",
        "roles": ["viewer", "operator"],
        "tenants": ["acme"],
        "days": 30,
        "reason": "",
    }


def test_keys_are_listed_with_where_they_reach(fake):  # noqa: F811
    fake.answer("GET", "/keys", [KEY, {**KEY, "key_id": "k2", "tenants": []}])

    done = interlock("keys", "list")

    assert "acme" in done.stdout
    assert "all" in done.stdout.splitlines()[2]


def test_a_key_is_revoked_with_the_reason(fake):  # noqa: F811
    fake.answer("POST", "/keys/k1/revoke", {**KEY, "state": "revoked"}, status=202)

    done = interlock("keys", "revoke", "k1", "--reason", "it leaked")

    assert done.stdout == "Key k1 is revoked.\n"
    assert json.loads(fake.asked[0].content) == {"reason": "it leaked"}


def test_who_asks_too_often_is_told_to_come_again(fake):  # noqa: F811
    fake.answer("GET", "/keys", status=429)

    done = interlock("keys", "list")

    assert done.exit_code == FAILED
    assert "do this" in done.stderr
