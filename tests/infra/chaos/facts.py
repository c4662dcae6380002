"""Facts of one run of chaos for tests, with the second at which each was stored."""

from datetime import UTC, datetime, timedelta
from itertools import count

from contracts.envelope import Fact
from contracts.review import ReviewDecided, ReviewRequested
from contracts.run import RunCancelled, RunCompleted, RunStarted
from contracts.shape import Body, sha256_hex
from contracts.subjects import kind_of_body
from contracts.tool import ToolClaimed, ToolFailed, ToolRequested, ToolSucceeded, ToolUnknown
from infra.chaos.counter import Charge
from tests.bodies import run_started

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CAP_MICRO_USD = 500_000
_numbers = count(1)


def second(number: float) -> datetime:
    return NOON + timedelta(seconds=number)


def said(body: Body, *, at: float = 0, cause: Fact | None = None, run: str = "r-1") -> Fact:
    """A fact as it lies in the log."""
    number = next(_numbers)
    return Fact(
        id=f"f-{number}",
        type=kind_of_body(type(body)).type,
        tenant="chaos",
        run_id=run,
        cause_id=cause.id if cause is not None else "",
        time=second(at),
        body=body,
        sequence=number,
        stored_at=second(at),
    )


def started() -> RunStarted:
    return run_started()


def requested(attempt: int = 1) -> ToolRequested:
    return ToolRequested(
        step=1,
        index=1,
        attempt=attempt,
        call_id="c-1",
        tool="charge_once",
        arguments_json="{}",
        arguments_sha256=sha256_hex(b"{}"),
        labels=(),
        deadline=second(900),
    )


def claimed(attempt: int = 1) -> ToolClaimed:
    return ToolClaimed(call="1-1", attempt=attempt, nonce="n", state="claimed")


def succeeded(attempt: int = 1) -> ToolSucceeded:
    return ToolSucceeded(call="1-1", attempt=attempt, output_json='"charged"')


def failed(attempt: int = 1) -> ToolFailed:
    return ToolFailed(call="1-1", attempt=attempt, kind="error", reason="it did nothing")


def unknown(attempt: int = 1) -> ToolUnknown:
    return ToolUnknown(call="1-1", attempt=attempt, reason="nobody can tell")


def asked(attempt: int = 1) -> ReviewRequested:
    return ReviewRequested(
        review_id=f"1-1-{attempt}",
        about="outcome",
        call="1-1",
        attempt=attempt,
        tool="charge_once",
        arguments_json="{}",
        arguments_sha256=sha256_hex(b"{}"),
        roles=("operator",),
        reason="did it happen?",
        expires_at=second(900),
    )


def decided(outcome: str, attempt: int = 1) -> ReviewDecided:
    return ReviewDecided(
        review_id=f"1-1-{attempt}", outcome=outcome, arguments_sha256=sha256_hex(b"{}")
    )


def completed() -> RunCompleted:
    return RunCompleted(answer="done", steps=1)


def cancelled() -> RunCancelled:
    return RunCancelled(principal="olga", reason="", steps=1)


def charge(call: str = "1-1", attempt: int = 1, run: str = "r-1") -> Charge:
    return Charge("charge_once", run, call, attempt, 1)
