"""What an MCP server answers becomes JSON that a model reads, of a bounded size."""

import json

import mcp_types as types
import pytest

from services.tool_executor.adapters.mcp.invocation import RemoteInvocation
from services.tool_executor.adapters.mcp.results import ending_of
from services.tool_executor.adapters.schema import Shape
from services.tool_executor.rules import Oversized, Raised, Returned

TOOL = RemoteInvocation(
    name="x_echo", server="x", remote="echo", arguments=Shape({}), known=frozenset()
)


def text(said):
    return {"type": "text", "text": said}


def ended(content, limit=1000, **more):
    result = types.CallToolResult.model_validate({"content": content, **more})
    return ending_of(result, TOOL, limit)


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ([], []),
        ([text("hello")], "hello"),
        ([text("one"), text("two")], ["one", "two"]),
        ([text('{"id": 7}')], {"id": 7}),
        ([text("[not json")], "[not json"),
        ([text("12")], "12"),
        (
            [{"type": "image", "data": "AAAA", "mimeType": "image/png"}],
            {"type": "image", "mime_type": "image/png", "size_bytes": 3},
        ),
        (
            [{"type": "resource_link", "uri": "file:///a", "name": "a"}],
            {"type": "resource_link", "uri": "file:///a", "name": "a"},
        ),
        (
            [{"type": "resource", "resource": {"uri": "file:///a", "text": "t"}}],
            {"type": "resource", "uri": "file:///a", "text": "t"},
        ),
        (
            [{"type": "resource", "resource": {"uri": "file:///a", "blob": "AAAA"}}],
            {"type": "resource", "uri": "file:///a", "size_bytes": 3},
        ),
    ],
)
def test_content_is_read_as_what_it_is(content, value):
    ending = ended(content)

    assert isinstance(ending, Returned)
    assert json.loads(ending.output_json) == value


def test_structured_content_is_the_result_where_there_is_some():
    assert ended([text("{}")], structuredContent={"n": 1}) == Returned('{"n":1}')


def test_more_than_may_be_is_cut():
    assert ended([text("x" * 100)], limit=50) == Oversized(102, '"' + "x" * 100 + '"')


def test_an_error_is_told_in_the_servers_words_and_no_more_of_them_than_a_reason_has():
    ending = ended([text("no such zone" + "x" * 10_000)], isError=True)

    assert isinstance(ending, Raised)
    assert ending.reason.startswith("no such zone")
    assert len(ending.reason) == 500
