"""The manifests that an author would have written for the tools of a suite.

A file says which arguments are sinks; of which kind follows from their types. Where its outputs can
carry an attacker's text the tool is an external one, and of its fields only those are declared that
never do and that have the form of what they are declared to be.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import yaml

from contracts.tool import FieldKind, Sink, ToolManifest
from infra.policies.suite import VECTOR, AttackTask, Suite, SuiteCall, SuiteTool, UserTask, filled
from services.guardrail_checker.rules.authority.records import BARE

NAME_LIMIT = 120  # a longer field is text, and names nothing
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_ACCOUNT = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{10,30}")
_TOKEN = re.compile(r"[\w.@+-]{1,64}")
_KEY = re.compile(r"[A-Za-z_]\w{0,63}")


def manifests_of_suite(suite: Suite) -> dict[str, ToolManifest]:
    """One manifest a tool, by name."""
    calls: dict[str, list[SuiteCall]] = defaultdict(list)
    tasks: list[UserTask | AttackTask] = [
        *suite.user_tasks.values(),
        *suite.injection_tasks.values(),
    ]
    for call in (call for task in tasks for call in task.calls):
        calls[call.tool].append(call)
    return {name: _manifest(name, tool, calls[name]) for name, tool in suite.tools.items()}


def as_json(output: str, texts: dict[str, str], otherwise: str = "") -> str:
    """What a tool returned, as the JSON that an executor would record.

    Texts are put into its fields, and not into its notation: no text breaks out of its field.
    """
    found = _structure(output)
    if found is None:
        return json.dumps(filled(output, texts, otherwise))
    return json.dumps(_filled(found, texts, otherwise), default=str)


def _manifest(name: str, tool: SuiteTool, calls: list[SuiteCall]) -> ToolManifest:
    is_external = any(VECTOR.search(call.output) for call in calls)
    return ToolManifest(
        name=name,
        description=tool.description[:4096],
        parameters=tool.parameters,
        effect=tool.effect,
        sinks={sink: _sink_kind(tool, sink) for sink in tool.sinks},
        payload=tool.payload,
        output_trust="external" if is_external else "internal",
        fields=_fields(tool, calls) if is_external or tool.effect != "read" else {},
    )


def _sink_kind(tool: SuiteTool, name: str) -> Sink:
    schema = tool.parameters.get("properties", {}).get(name, {})
    types = {schema.get("type"), *(one.get("type") for one in schema.get("anyOf", ()))}
    if tool.effect == "credential":
        return "credential"
    if "number" in types:
        return "amount"
    if tool.effect == "destructive" or "integer" in types or _is_id(name):
        return "id"
    return "destination"


def _fields(tool: SuiteTool, calls: list[SuiteCall]) -> dict[str, FieldKind]:
    found: dict[str, list[object]] = defaultdict(list)
    told: set[str] = set()
    for call in calls:
        told.update(str(value) for value in call.args.values())
        for key, value in _leaves(_structure(call.output)):
            found[key].append(value)
    kinds = {key: _field_kind(key, values) for key, values in found.items()}
    if tool.effect != "read":
        # What such a tool gives back of its own is what it made.
        return {
            key: kind
            for key, kind in kinds.items()
            if kind == "id" and not {str(value) for value in found[key]} & told
        }
    return {key: kind for key, kind in kinds.items() if kind is not None}


def _field_kind(key: str, values: list[object]) -> FieldKind | None:
    texts = [str(value) for value in values]
    if any(VECTOR.search(text) for text in texts):
        return None
    if _is_id(key) and all(_TOKEN.fullmatch(text) for text in texts):
        return "id"
    if all(isinstance(value, int | float) for value in values):
        return "amount"
    is_place = any(_ADDRESS.fullmatch(text) or _ACCOUNT.fullmatch(text) for text in texts)
    if is_place and all(_TOKEN.fullmatch(text) for text in texts):
        return "destination"
    is_name = all(len(text) <= NAME_LIMIT and "\n" not in text for text in texts)
    return "name" if is_name else None


def _is_id(name: str) -> bool:
    plain = name.strip("_").lower()
    return plain == "id" or plain.endswith("_id")


@lru_cache(maxsize=4096)
def _structure(output: str) -> Any:
    """An output as objects; None where it is a text."""
    try:
        found = yaml.safe_load(output)
    except yaml.YAMLError:
        return None
    if isinstance(found, dict):
        return found if _is_object(found) else None
    if not isinstance(found, list) or not found:
        return None
    return found if all(not isinstance(one, dict) or _is_object(one) for one in found) else None


def _is_object(value: dict[Any, Any]) -> bool:
    return all(isinstance(key, str) and _KEY.fullmatch(key) for key in value)


def _leaves(value: Any) -> Iterator[tuple[str, object]]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            for key, each in one.items():
                yield from _leaf(key, each)
        else:
            yield from _leaf(BARE, one)


def _leaf(key: str, value: Any) -> Iterable[tuple[str, object]]:
    if isinstance(value, dict):
        return _leaves(value)
    if isinstance(value, list):
        return [pair for each in value for pair in _leaf(key, each)]
    return [] if value is None or value == "" or isinstance(value, bool) else [(key, value)]


def _filled(value: Any, texts: dict[str, str], otherwise: str) -> Any:
    if isinstance(value, str):
        return filled(value, texts, otherwise)
    if isinstance(value, dict):
        return {key: _filled(each, texts, otherwise) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, texts, otherwise) for each in value]
    return value
