"""`{{name.path}}` in a scenario: filled from the conversation, or refused by name."""

import json
import re
from collections.abc import Mapping

from pydantic import JsonValue

from infra.simulator.errors import RequestRefused

TEMPLATE = re.compile(r"\{\{\s*([A-Za-z_][\w.\-]*)\s*\}\}")
Scope = Mapping[str, JsonValue]


def template_names(text: str) -> list[str]:
    return TEMPLATE.findall(text)


def filled(value: JsonValue, scope: Scope) -> JsonValue:
    """The value with every template in it filled.

    A text that is one template and nothing else becomes the value itself, so a number stays one.
    """
    match value:
        case str():
            whole = TEMPLATE.fullmatch(value.strip())
            return look_up(whole[1], scope) if whole else filled_text(value, scope)
        case list():
            return [filled(item, scope) for item in value]
        case dict():
            return {key: filled(item, scope) for key, item in value.items()}
        case _:
            return value


def filled_text(text: str, scope: Scope) -> str:
    return TEMPLATE.sub(lambda found: as_text(look_up(found[1], scope)), text)


def look_up(name: str, scope: Scope) -> JsonValue:
    """The value at a dotted path; a number is a position in a list."""
    value: JsonValue = dict(scope)
    for part in name.split("."):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            known = sorted(value) if isinstance(value, dict) else type(value).__name__
            raise RequestRefused(f"{{{{{name}}}}} has no {part!r} here; there is {known}")
    return value


def as_text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def as_value(text: str) -> JsonValue:
    """A tool result as JSON: the whole, or the first object or list in it, else the text.

    Platforms put labels around what a tool returned; the value inside is what a script wants.
    """
    decoder = json.JSONDecoder()
    for start in (0, text.find("{"), text.find("[")):
        try:
            value, end = decoder.raw_decode(text, start) if start >= 0 else (None, 0)
        except ValueError:
            continue
        if end and (start > 0 or end == len(text.rstrip()) or isinstance(value, dict | list)):
            found: JsonValue = value
            return found
    return text
