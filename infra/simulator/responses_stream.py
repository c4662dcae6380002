"""OpenAI Responses as a stream: every item is added, filled piece by piece, and done."""

from collections.abc import Iterator
from itertools import count

from infra.simulator.openai_responses import envelope, items, read, whole
from infra.simulator.reply import Reply, pieces
from infra.simulator.wire import Frames, Json, WireFormat, frame


def frames(reply: Reply, _include_usage: bool) -> Frames:
    """All events of a stream, numbered; the last one carries the whole response with usage."""
    numbers = count()
    for event in _events(reply):
        numbered = event | {"sequence_number": next(numbers)}
        yield frame(numbered, event["type"])


OPENAI_RESPONSES = WireFormat("openai", "responses", read, whole, frames)


def _events(reply: Reply) -> Iterator[Json]:
    begun = envelope(reply, "in_progress")
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(items(reply)):
        yield from _item_events(item, index)
    response = whole(reply)
    yield {"type": f"response.{response['status']}", "response": response}


def _item_events(item: Json, index: int) -> Iterator[Json]:
    empty: Json
    match item["type"]:
        case "message":
            empty, inner = {"content": []}, _message_events(item)
        case "reasoning":
            empty, inner = {"summary": [], "encrypted_content": None}, _reasoning_events(item)
        case _:
            empty, inner = {"arguments": ""}, _call_events(item)
    begun = item | empty | {"status": "in_progress"}
    yield {"type": "response.output_item.added", "output_index": index, "item": begun}
    for event in inner:
        yield event | {"output_index": index, "item_id": item["id"]}
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def _message_events(item: Json) -> Iterator[Json]:
    part: Json = item["content"][0]
    refused = part["type"] == "refusal"
    field, kind = ("refusal", "refusal") if refused else ("text", "output_text")
    extra: Json = {} if refused else {"logprobs": []}
    at = {"content_index": 0}
    yield {"type": "response.content_part.added", "part": part | {field: ""}} | at
    for piece in pieces(part[field]):
        yield {"type": f"response.{kind}.delta", "delta": piece} | extra | at
    yield {"type": f"response.{kind}.done", field: part[field]} | extra | at
    yield {"type": "response.content_part.done", "part": part} | at


def _reasoning_events(item: Json) -> Iterator[Json]:
    part: Json = item["summary"][0]
    kind, at = "response.reasoning_summary", {"summary_index": 0}
    yield {"type": f"{kind}_part.added", "part": part | {"text": ""}} | at
    for piece in pieces(part["text"]):
        yield {"type": f"{kind}_text.delta", "delta": piece} | at
    yield {"type": f"{kind}_text.done", "text": part["text"]} | at
    yield {"type": f"{kind}_part.done", "part": part} | at


def _call_events(item: Json) -> Iterator[Json]:
    kind = "response.function_call_arguments"
    for piece in pieces(item["arguments"]):
        yield {"type": f"{kind}.delta", "delta": piece}
    yield {"type": f"{kind}.done", "name": item["name"], "arguments": item["arguments"]}
