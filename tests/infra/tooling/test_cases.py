"""Tests of tools are files; each way to fail is told in a sentence."""

import pytest
from pydantic import ValidationError

from contracts.tool import ToolFailed, ToolManifest, ToolSucceeded, ToolUnknown
from infra.tooling.cases import Case, mistake

TOOL = ToolManifest(name="find", description="Find.", parameters={})


def succeeded(output: str) -> ToolSucceeded:
    return ToolSucceeded(call="1-1", attempt=1, output_json=output)


def failed(kind: str, reason: str = "x: too small") -> ToolFailed:
    return ToolFailed(call="1-1", attempt=1, kind=kind, reason=reason)


@pytest.mark.parametrize(
    ("expected", "outcome"),
    [
        ({}, succeeded("1")),
        ({"returns": None}, succeeded("null")),
        ({"returns": {"a": [1]}}, succeeded('{"a": [1]}')),
        ({"contains": "öl"}, succeeded('"\\u00f6l"')),
        ({"contains": "öl"}, succeeded('{"a": "\\u00f6l"}')),
        ({"fails": "refused"}, failed("refused")),
        ({"fails": "refused", "because": "small"}, failed("refused")),
        ({"fails": "unknown"}, ToolUnknown(call="1-1", attempt=1, reason="cut off")),
    ],
)
def test_what_ends_as_expected_is_no_mistake(expected, outcome):
    assert mistake(Case(tool="find", **expected), outcome, TOOL) is None


@pytest.mark.parametrize(
    ("expected", "outcome", "words"),
    [
        ({}, failed("refused"), "ended as refused: x: too small"),
        ({"returns": None}, succeeded("0"), "returned 0; expected: null"),
        ({"contains": "b"}, succeeded('"a"'), "expected in it: 'b'"),
        ({"fails": "refused"}, succeeded("1"), "returned 1; expected: refused"),
        ({"fails": "refused"}, failed("error"), "ended as error"),
        ({"fails": "refused", "because": "large"}, failed("refused"), "'large'"),
        ({"fails": "refused"}, ToolUnknown(call="1-1", attempt=1, reason="?"), "unknown"),
    ],
)
def test_what_does_not_is_told(expected, outcome, words):
    assert words in mistake(Case(tool="find", **expected), outcome, TOOL)


def test_fields_that_the_manifest_vouches_for_must_be_there():
    tool = TOOL.model_copy(update={"fields": {"id": "id", "sender": "destination"}})

    wrong = mistake(Case(tool="find"), succeeded('[{"id": 1}]'), tool)

    assert str(wrong).endswith(": sender")
    assert mistake(Case(tool="find"), succeeded('{"a": {"id": 1, "sender": 2}}'), tool) is None
    assert mistake(Case(tool="find"), succeeded("[]"), tool) is None


@pytest.mark.parametrize(
    "written", [{"fails": "refused", "returns": 1}, {"because": "x"}, {"expects": 1}]
)
def test_a_case_that_means_nothing_is_refused(written):
    with pytest.raises(ValidationError):
        Case(tool="find", **written)
