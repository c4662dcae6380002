"""A message as a direct get gives it, turned back into what was stored."""

from datetime import UTC, datetime

import pytest

from shared.connection import REPEATED
from shared.direct import parse_server_time, stored_from_direct

ADDED = {
    "Nats-Stream": "RUNS",
    "Nats-Subject": "run.a.b.task.submitted",
    "Nats-Sequence": "7",
    "Nats-Time-Stamp": "2026-03-02T12:00:00.123456789Z",
    "Nats-Num-Pending": "3",
    "Nats-Last-Sequence": "5",
}


def test_what_the_direct_get_added_is_taken_off():
    stored = stored_from_direct(b"{}", {**ADDED, "ce-id": "x"})

    assert stored.subject == "run.a.b.task.submitted"
    assert stored.sequence == 7
    assert stored.headers == {"ce-id": "x"}


def test_what_the_server_had_stored_for_somebody_keeps_its_mark():
    stored = stored_from_direct(b"{}", {**ADDED, REPEATED: "1"})

    assert "Nats-Subject" in stored.headers


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("2026-03-02T12:00:00Z", 0),
        ("2026-03-02T12:00:00.5Z", 500_000),
        ("2026-03-02T12:00:00.123456789Z", 123_456),
    ],
)
def test_the_servers_time_is_read_to_the_microsecond(text, microseconds):
    assert parse_server_time(text) == datetime(2026, 3, 2, 12, 0, 0, microseconds, tzinfo=UTC)
