"""Reading the JSON of a provider: typed, and with the place of whatever does not fit."""

import json
from collections.abc import Sequence
from typing import Any, Protocol

from contracts.model import Opaque, Part, Refusal, Route, Stop, StopKind, ToolCall
from contracts.money import Usage, UsageQuality
from services.model_router.errors import Malformed

Json = dict[str, Any]


class SdkModel(Protocol):
    """What the models of both SDKs have in common, over all their versions."""

    def to_dict(self, *, mode: str, warnings: bool) -> dict[str, object]: ...


def body_of(answer: object) -> Json:
    """The answer as the JSON it came as; the SDKs hand on text where it was no JSON.

    Raises:
        Malformed: it is not an object.
    """
    if not hasattr(answer, "to_dict"):
        raise Malformed("the body of the answer is not a JSON object")
    model: SdkModel = answer
    return model.to_dict(mode="json", warnings=False)


def objects_at(body: Json, name: str) -> list[Json]:
    """The list of objects at `name`; empty where there is nothing."""
    found = body.get(name) or []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise Malformed(f"the answer's {name!r} is not a list of objects")
    return found


def object_at(body: Json, name: str) -> Json:
    """The object at `name`; empty where there is nothing."""
    found = body.get(name) or {}
    if not isinstance(found, dict):
        raise Malformed(f"the answer's {name!r} is not an object")
    return found


def text_at(body: Json, name: str) -> str:
    """The text at `name`, which must be there."""
    found = body.get(name)
    if not isinstance(found, str):
        raise Malformed(f"the answer has no text {name!r} where one belongs")
    return found


def maybe_text(body: Json, name: str) -> str | None:
    """The text at `name`, or None; an empty one says nothing either."""
    found = body.get(name)
    return found if isinstance(found, str) and found else None


def count_at(body: Json, name: str) -> int:
    """The count at `name`; 0 where there is nothing."""
    found = body.get(name) or 0
    if not isinstance(found, int) or found < 0:
        raise Malformed(f"the answer's {name!r} is not a count")
    return found


def opaque(block: Json, route: Route) -> Opaque:
    """A provider's own block, kept as it is."""
    blob = json.dumps(block, ensure_ascii=False)
    return Opaque(provider=route.provider, api=route.api, model=route.model, blob_json=blob)


def stop_of(kinds: dict[str, StopKind], raw: str | None, parts: Sequence[Part]) -> Stop:
    """Why it stopped. What it said counts for more than the word it stopped with."""
    kind = kinds.get(raw or "", "unmapped")
    if any(isinstance(part, Refusal) for part in parts):
        kind = "refused"
    elif kind == "ok" and any(isinstance(part, ToolCall) for part in parts):
        kind = "needs_tools"
    return Stop(kind=kind, raw=raw)


def quality_of(usage: Json) -> UsageQuality:
    return "reported" if usage else "unknown"


def inclusive_usage(
    *, total_input: int, cached: int, cache_written: int, total_output: int, reasoning: int
) -> Usage:
    """OpenAI counts cached input, cache writes and reasoning inside their totals.

    Its caches live half an hour or longer; we have no bucket for that, so a write goes into the
    bucket of plain writes.
    """
    return Usage(
        input_uncached=max(0, total_input - cached - cache_written),
        cache_read=cached,
        cache_write_5m=cache_written,
        output_text=max(0, total_output - reasoning),
        output_reasoning=reasoning,
    )
