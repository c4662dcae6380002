"""What a server answered to a call, as how the call ended.

Structured content is the result where there is some. Else text is, and text that is an object or a
list of JSON is read as that. Of an image, a sound or a file only what it is and how large is kept:
no model of ours would see more of it.
"""

import json
from typing import Any

import mcp_types as types
from pydantic_core import to_json

from services.tool_executor.adapters.frames import HEAD_LIMIT, REASON_LIMIT
from services.tool_executor.rules import Ending, Oversized, Raised, Refused, Returned

from .invocation import RemoteInvocation


def ending_of(
    result: types.CallToolResult, invocation: RemoteInvocation, output_limit_bytes: int
) -> Ending:
    """How the call ended, by its answer."""
    if result.is_error:
        said = _text(result) or "it told of an error, and of nothing else"
        reason = said[:REASON_LIMIT]
        return Refused(reason) if invocation.errors_do_nothing else Raised(reason)
    output = to_json(_value(result))
    if len(output) > output_limit_bytes:
        return Oversized(len(output), output[:HEAD_LIMIT].decode(errors="ignore"))
    if invocation.result is not None:
        wrong = invocation.result.mistakes(result.structured_content)
        if wrong is not None:
            return Raised(f"its result is not what its schema says: {wrong}"[:REASON_LIMIT])
    return Returned(output.decode())


def _value(result: types.CallToolResult) -> Any:
    if result.structured_content is not None:
        return result.structured_content
    parts = [_part(one) for one in result.content]
    return parts[0] if len(parts) == 1 else parts


def _part(block: types.ContentBlock) -> Any:
    match block:
        case types.TextContent(text=text):
            return _read(text)
        case types.ImageContent() | types.AudioContent():
            # Of base64 four characters are three bytes.
            size = len(block.data) * 3 // 4
            return {"type": block.type, "mime_type": block.mime_type, "size_bytes": size}
        case types.ResourceLink():
            return {"type": block.type, "uri": str(block.uri), "name": block.name}
        case types.EmbeddedResource(resource=types.TextResourceContents() as resource):
            return {"type": block.type, "uri": str(resource.uri), "text": resource.text}
        case types.EmbeddedResource(resource=types.BlobResourceContents() as resource):
            size = len(resource.blob) * 3 // 4
            return {"type": block.type, "uri": str(resource.uri), "size_bytes": size}
        case _:
            return {"type": block.type}


def _read(text: str) -> Any:
    if not text.startswith(("{", "[")):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _text(result: types.CallToolResult) -> str:
    return " ".join(one.text for one in result.content if isinstance(one, types.TextContent))
