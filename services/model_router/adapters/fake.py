"""A provider without a model: instant, and the same every time. For benchmarks and for tests.

Where the user says `steps=3`, it calls the first tool that it is offered three times, and then
answers. Its calls are numbered, so it goes on where it was when the first ones are left out.
Or it plays a script.
"""

import json
import re
from collections.abc import Sequence

from contracts.history import canonical
from contracts.model import Part, Prompt, ServedBy, Stop, Text, ToolCall, ToolOffer
from contracts.money import Usage
from services.model_router.errors import ProviderError

from .provider import ProviderAnswer, ProviderCall

STEPS = re.compile(r"\bsteps=(\d{1,4})\b")
CALL_ID = "call_"
BYTES_A_TOKEN = 4
ANSWER = "Done."
EXAMPLES: dict[str, object] = {
    "string": "x",
    "integer": 1,
    "number": 1.0,
    "boolean": True,
    "array": [],
    "object": {},
    "null": None,
}


class FakeProvider:
    """Plays its script first; each of its errors is raised. Remembers the calls it was given."""

    def __init__(self, script: Sequence[ProviderAnswer | ProviderError] = ()) -> None:
        self._script = list(script)
        self.calls = 0
        self.last: ProviderCall | None = None

    async def complete(self, call: ProviderCall) -> ProviderAnswer:
        self.calls += 1
        self.last = call
        if not self._script:
            return answer_to(call)
        scripted = self._script.pop(0)
        if isinstance(scripted, ProviderError):
            raise scripted
        return scripted


def answer_to(call: ProviderCall) -> ProviderAnswer:
    """The next tool call, while the user asked for more steps; else the answer."""
    done = _steps_done(call.prompt)
    wanted = done < steps_asked(call.prompt) and bool(call.prompt.tools)
    part: Part = _tool_call(call.prompt.tools[0], done + 1) if wanted else Text(text=ANSWER)
    return ProviderAnswer(
        parts=(part,),
        stop=Stop(kind="needs_tools" if wanted else "ok", raw="fake"),
        usage=Usage(
            input_uncached=len(canonical(call.prompt)) // BYTES_A_TOKEN,
            output_text=len(part.model_dump_json()) // BYTES_A_TOKEN,
        ),
        usage_quality="reported",
        served_by=ServedBy(route=call.route, model_returned=call.route.model),
    )


def steps_asked(prompt: Prompt) -> int:
    """The number in the first `steps=N` that the user wrote; 0 where there is none."""
    said = (turn.parts for turn in prompt.turns if turn.role == "user")
    texts = (part.text for parts in said for part in parts if isinstance(part, Text))
    found = next((match for text in texts if (match := STEPS.search(text))), None)
    return int(found[1]) if found else 0


def _steps_done(prompt: Prompt) -> int:
    """As many as are shown, or as the newest of them says."""
    answers = [turn for turn in prompt.turns if turn.role == "assistant"]
    calls = (part for turn in answers for part in turn.parts if isinstance(part, ToolCall))
    numbers = (part.call_id.removeprefix(CALL_ID) for part in calls)
    return max(len(answers), *(int(number) for number in numbers if number.isdecimal()), 0)


def _tool_call(tool: ToolOffer, number: int) -> ToolCall:
    arguments = json.dumps(_example_arguments(tool.parameters))
    return ToolCall(call_id=f"{CALL_ID}{number}", name=tool.name, arguments_json=arguments)


def _example_arguments(schema: dict[str, object]) -> dict[str, object]:
    """Something of the right type for each parameter that the tool insists on."""
    properties, required = schema.get("properties"), schema.get("required")
    if not isinstance(properties, dict) or not isinstance(required, list):
        return {}
    return {name: _example(properties.get(name)) for name in required}


def _example(schema: object) -> object:
    if not isinstance(schema, dict):
        return "x"
    if "enum" in schema:
        return schema["enum"][0]
    return EXAMPLES.get(str(schema.get("type")), "x")
