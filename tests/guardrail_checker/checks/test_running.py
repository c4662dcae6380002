"""Running checks: unsure means no, and redaction says what it took."""

import asyncio
import time

import pytest

from services.guardrail_checker.checks.base import (
    FINDINGS_LIMIT,
    SCAN_LIMIT_CHARS,
    CheckerUnavailable,
    Content,
    Finding,
    Span,
    redact,
    run_checks,
)

TEXT = Content("a text", "user", "task")
NOTE = Finding("fake", "note", "seen", "seen")


class FakeCheck:
    name = "fake"

    def __init__(self, findings=(), seconds=0.0, error=None):
        self.findings, self.seconds, self.error = findings, seconds, error

    async def check(self, content):
        await asyncio.sleep(self.seconds)
        if self.error:
            raise self.error
        return self.findings


async def rules(*checkers, content=TEXT):
    found = await run_checks(checkers, content, timeout_seconds=0.05)
    return [(one.severity, one.rule) for one in found]


async def test_findings_come_in_the_order_of_the_checkers():
    slow = FakeCheck((Finding("slow", "note", "first", ""),), seconds=0.02)

    assert await rules(slow, FakeCheck((NOTE,))) == [("note", "first"), ("note", "seen")]


@pytest.mark.parametrize(
    "broken",
    [
        FakeCheck(seconds=5),
        FakeCheck(error=CheckerUnavailable("fake", "down")),
        FakeCheck(error=KeyError("a bug")),
    ],
    ids=["late", "down", "broken"],
)
async def test_a_check_that_cannot_tell_blocks(broken):
    assert await rules(FakeCheck((NOTE,)), broken) == [
        ("note", "seen"),
        ("block", "checker_unavailable"),
    ]


async def test_a_late_check_is_waited_for_once_not_once_each():
    started = time.monotonic()

    await rules(*[FakeCheck(seconds=5)] * 10)

    assert time.monotonic() - started < 1


async def test_the_words_of_a_broken_check_are_not_repeated():
    (found,) = await run_checks([FakeCheck(error=ValueError("4111 1111"))], TEXT, 1)

    assert "4111" not in found.reason


async def test_a_text_too_long_to_check_is_blocked():
    long = Content("x" * (SCAN_LIMIT_CHARS + 1), "user", "task")

    assert await rules(FakeCheck(), content=long) == [("block", "too_long_to_check")]


async def test_too_many_findings_block_the_text_as_a_whole():
    assert await rules(FakeCheck((NOTE,) * (FINDINGS_LIMIT + 1))) == [
        ("block", "too_many_findings")
    ]


def finding(start, end, severity="redact", rule="r"):
    return Finding("c", severity, rule, "", Span(start, end))


def test_redaction_puts_a_marker_in_place_of_each_passage():
    assert (
        redact("abcdef", [finding(4, 5), finding(1, 2)]) == "a[removed by c: r]cd[removed by c: r]f"
    )


def test_overlapping_passages_become_one_marker():
    assert redact("abcdef", [finding(2, 5, rule="late"), finding(1, 3)]) == "a[removed by c: r]f"


def test_notes_and_blocks_change_no_text():
    assert redact("abc", [finding(0, 1, "note"), finding(0, 1, "block")]) == "abc"


def test_a_passage_without_a_place_takes_the_whole_text():
    assert redact("abc", [Finding("c", "redact", "r", "")]) == "[removed by c: r]"


def test_a_place_outside_the_text_is_refused():
    with pytest.raises(ValueError, match="outside"):
        redact("abc", [finding(2, 9)])
