"""What of the content goes into a trace: nothing, unless somebody asked for it, and then redacted.

What models were asked and what they said is in the log, where access is governed. A trace is read
by whoever may read the back end, so content is an opt-in, as OpenTelemetry has it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from contracts.history import Run, prompt
from contracts.history.lineage import lacks_ancestor
from contracts.model import (
    ModelResponded,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Turn,
)
from contracts.shape import Body
from contracts.tool import ToolFailed, ToolRequested, ToolSucceeded
from shared.telemetry import semconv

from .shape import Attributes

# Of one attribute. Back ends cut or refuse what is longer, and without saying so.
CONTENT_LIMIT_CHARS = 16_384


@dataclass(frozen=True, slots=True)
class Capture:
    """Content as attributes, cleaned by `redact`; none where there is no `redact`."""

    redact: Callable[[str], str] | None = None

    def answer(self, body: ModelResponded, run: Run) -> Attributes:
        """What a model was asked, and what it said."""
        if self.redact is None or body.step > len(run.steps):
            return {}
        said = [{"role": "assistant", "parts": [_part(one) for one in body.parts]}]
        told = {semconv.OUTPUT_MESSAGES: self._text(json.dumps(said))}
        # The run it grew from may be gone; a part of what the model saw would be worse than none.
        if not lacks_ancestor(run):
            asked = [_message(one) for one in prompt(run, body.step).turns]
            told[semconv.INPUT_MESSAGES] = self._text(json.dumps(asked))
        return told

    def call(self, asked: ToolRequested | None, outcome: Body) -> Attributes:
        """What a tool was called with, and what it returned."""
        if self.redact is None:
            return {}
        told: dict[str, str] = {}
        if asked is not None:
            told[semconv.TOOL_ARGUMENTS] = self._text(asked.arguments_json)
        match outcome:
            case ToolSucceeded(output_json=result) | ToolFailed(reason=result):
                told[semconv.TOOL_RESULT] = self._text(result)
        return told

    def explanation(self, reason: str) -> Attributes:
        """Why a scorer gave what it gave: it may quote an answer."""
        return {} if self.redact is None else {semconv.EVALUATION_EXPLANATION: self._text(reason)}

    def _text(self, text: str) -> str:
        assert self.redact is not None, "nothing is captured without it"
        cleaned = self.redact(text)
        if len(cleaned) <= CONTENT_LIMIT_CHARS:
            return cleaned
        return f"{cleaned[:CONTENT_LIMIT_CHARS]}[cut:{len(cleaned) - CONTENT_LIMIT_CHARS}]"


NOTHING = Capture()


def _message(turn: Turn) -> dict[str, object]:
    return {"role": turn.role, "parts": [_part(one) for one in turn.parts]}


def _part(part: Part) -> dict[str, object]:
    """One part, in the words of the GenAI conventions."""
    match part:
        case Text(text=text):
            return {"type": "text", "content": text}
        case ToolCall(call_id=call_id, name=name, arguments_json=arguments):
            return {"type": "tool_call", "id": call_id, "name": name, "arguments": arguments}
        case ToolResult(call_id=call_id, parts=parts):
            texts = [one.text for one in parts if isinstance(one, Text)]
            return {"type": "tool_call_response", "id": call_id, "response": "".join(texts)}
        case Reasoning(text=text):
            return {"type": "reasoning", "content": text or ""}
        case Refusal(text=text):
            return {"type": "text", "content": text or "", "refusal": True}
        case Opaque(provider=provider):
            return {"type": "opaque", "provider": provider}
        case _:
            return {"type": part.kind}
