"""What the model saw at a step, as people read it: pure, from the API's answer to rich."""

from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.text import Text

from contracts.model import (
    Image,
    Opaque,
    Part,
    Prompt,
    Reasoning,
    Refusal,
    ToolCall,
    ToolResult,
)
from contracts.model import (
    Text as TextPart,
)

STYLES = {"user": "cyan", "assistant": "green", "tool": "yellow"}


def transcript(seen: Any) -> RenderableType:
    """The prompt with its digest, and whether that is the one that was recorded."""
    prompt = Prompt.model_validate(seen["prompt"])
    return Group(_digest(seen), *_lines(prompt))


def _digest(seen: Any) -> Text:
    mark = ("✓ as recorded", "green") if seen["matches"] else ("✗ NOT as recorded", "red")
    return Text.assemble(
        (f"step {seen['step']}", "bold"),
        f"  folded to {seen['position']}, sha256 {seen['sha256']}  ",
        mark,
    )


def _lines(prompt: Prompt) -> Iterator[RenderableType]:
    yield _heading("instructions", "bold")
    yield Text(prompt.instructions)
    for turn in prompt.turns:
        yield _heading(turn.role, STYLES[turn.role])
        for part in turn.parts:
            yield Text(_part(part))
    yield _heading(f"{len(prompt.tools)} tools", "dim")
    for tool in prompt.tools:
        yield Text(f"{tool.name}: {tool.description}", style="dim")


def _heading(text: str, style: str) -> RenderableType:
    return Rule(Text(text, style=style), style=style, align="left")


def _part(part: Part) -> str:
    match part:
        case TextPart(text=text):
            return text
        case ToolCall(name=name, arguments_json=arguments):
            return f"→ {name}({arguments})"
        case ToolResult(parts=parts, is_error=is_error):
            return f"{'✗' if is_error else '←'} " + " ".join(_part(one) for one in parts)
        case Image(media_type=media_type):
            return f"[image, {media_type}]"
        case Reasoning(text=text) | Refusal(text=text):
            return f"({part.kind}) {text or 'not shown by the provider'}"
        case Opaque(provider=provider):
            return f"[a block of {provider}'s own]"
