"""`interlock dlq ... --dry-run`: what would be, and why not; nothing is done."""

import pytest

from tests.console.letter_box import Box, dlq, serving


@pytest.fixture
def serve(monkeypatch):
    return serving(monkeypatch)


def test_a_dry_run_tells_what_would_be_and_why_not(serve):
    box = serve(Box(37, refusing=(3,)))

    done = dlq("redrive", "--rule", "handler_failed", "--dry-run")

    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "36 would be redriven, 1 skipped, 0 failed",
        "  3  it is no fact",
    ]
    assert box.sizes == []


def test_a_dry_discard_tells_what_would_be(serve):
    box = serve(Box(37))

    done = dlq("discard", "--rule", "bad_body", "--reason", "a test", "--dry-run")

    assert done.stdout == "37 would be discarded, 0 skipped, 0 failed\n"
    assert box.sizes == []


@pytest.mark.parametrize(("act", "done"), [("discard", "discarded"), ("redrive", "redriven")])
def test_a_dry_run_by_number_tells_of_what_cannot_be(serve, act, done):
    box = serve(Box(8, refusing=(7,)))

    tried = dlq(act, "7", "8", "404", "--reason", "a test", "--dry-run")

    assert tried.exit_code == 4
    assert tried.stdout.splitlines() == [
        f"1 would be {done}, 1 skipped, 1 failed",
        "  7  it is no fact",
        "  404  no 404 (there)",
    ]
    assert box.sizes == []
