"""Which fact an ending is: a tool that may have done something has not failed."""

import json

import pytest

from contracts.tool import ToolFailed, ToolSucceeded, ToolUnknown
from services.tool_executor.rules import (
    Expired,
    NotStarted,
    Oversized,
    Raised,
    Refused,
    Returned,
    Vanished,
    outcome_of,
)
from tests.tool_executor.calling import Cleared, declared

READS = declared("double")
PAYS = declared("crash")
ASKED = Cleared(READS).asked.body


def outcome(ending, tool=READS):
    return outcome_of(ending, ASKED, tool.manifest, 12)


def test_a_returned_output_succeeds_with_the_trust_of_the_manifest():
    told = outcome(Returned("42"))

    assert told == ToolSucceeded(
        call="1-1", attempt=1, output_json="42", trust="internal", duration_ms=12
    )


@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        (Raised("no"), "error"),
        (Refused("no"), "refused"),
        (Vanished("SIGKILL"), "error"),
        (Expired(30), "timed_out"),
        (Oversized(9, ""), "too_large"),
        (NotStarted(), "unavailable"),
    ],
)
def test_a_tool_that_only_reads_fails(ending, kind):
    told = outcome(ending)

    assert isinstance(told, ToolFailed)
    assert told.kind == kind
    assert told.reason


@pytest.mark.parametrize("ending", [Expired(30), Vanished("SIGKILL"), Raised("ReadTimeout")])
def test_a_tool_with_an_effect_that_was_cut_off_is_unknown(ending):
    assert isinstance(outcome(ending, PAYS), ToolUnknown)


def test_a_tool_with_an_effect_that_refused_has_failed():
    assert isinstance(outcome(Refused("there is no such order"), PAYS), ToolFailed)


def test_a_tool_with_an_effect_that_said_too_much_has_succeeded():
    told = outcome(Oversized(5000, "Paid"), PAYS)

    assert isinstance(told, ToolSucceeded)
    assert told.truncated
    assert json.loads(told.output_json) == {"truncated": "Paid", "size_bytes": 5000}


def test_a_call_that_was_not_started_failed_whatever_its_effect():
    assert isinstance(outcome(NotStarted(), PAYS), ToolFailed)
