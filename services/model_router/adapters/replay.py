"""What of a conversation an API can take, and what has to be left out of it.

A provider's own block goes back to that provider and API alone; anybody else would refuse it.
An image is left out: it costs tokens that a hold by bytes does not cover.
"""

from contracts.model import (
    DroppedParameter,
    Image,
    Opaque,
    Part,
    Reasoning,
    Route,
    Text,
    ToolResult,
    Turn,
)

from .provider import ProviderCall

# The two OpenAI APIs have no field for it, so the model reads it.
ERROR_PREFIX = "Error: "


def replayable(
    turns: tuple[Turn, ...], route: Route
) -> tuple[tuple[Turn, ...], tuple[DroppedParameter, ...]]:
    """The turns that the route can take, and what was left out, told once a kind."""
    kept: list[Turn] = []
    dropped: dict[str, DroppedParameter] = {}
    for turn in turns:
        parts: list[Part] = []
        for part in turn.parts:
            told = _left_out(part, route)
            dropped.update({one.name: one for one in told})
            if not told or isinstance(part, ToolResult):
                parts.append(part)
        if parts:
            kept.append(Turn(role=turn.role, parts=tuple(parts)))
    return tuple(kept), tuple(dropped.values())


def result_text(result: ToolResult, *, marked: bool) -> str:
    """The text of a result; an error is `marked` where no field can tell."""
    text = "".join(part.text for part in result.parts if isinstance(part, Text))
    return ERROR_PREFIX + text if marked and result.is_error else text


def without_seed(call: ProviderCall) -> tuple[DroppedParameter, ...]:
    """That the API takes no seed, where one was asked for."""
    return () if call.seed is None else (_dropped("seed", "the API takes none"),)


def _left_out(part: Part, route: Route) -> tuple[DroppedParameter, ...]:
    match part:
        case Image():
            return (_dropped("image", "an image is not covered by a hold"),)
        case ToolResult(parts=inner) if any(isinstance(one, Image) for one in inner):
            return (_dropped("image", "an image is not covered by a hold"),)
        case Opaque() as block if not _belongs(block, route):
            return (_dropped("opaque", f"a block of {block.provider}/{block.api}"),)
        case Reasoning(opaque=None):
            return (_dropped("reasoning", "it has no block that could be replayed"),)
        case Reasoning(opaque=Opaque() as block) if not _belongs(block, route):
            return (_dropped("reasoning", f"a block of {block.provider}/{block.api}"),)
        case _:
            return ()


def _belongs(block: Opaque, route: Route) -> bool:
    return (block.provider, block.api) == (route.provider, route.api)


def _dropped(name: str, reason: str) -> DroppedParameter:
    return DroppedParameter(name=name, reason=reason)
