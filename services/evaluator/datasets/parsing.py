"""YAML and JSON text into plain values, refusing what would be read as something else."""

import json
from collections.abc import Hashable
from typing import Any

import yaml
from pydantic import JsonValue


class NotParsed(ValueError):
    """The text is not what it should be; the sentence says where, and what to do."""


class _Loader(yaml.SafeLoader):
    """YAML in which a day stays text, and a key that comes twice is a mistake."""

    yaml_implicit_resolvers = {  # noqa: RUF012  the base class has it as a plain attribute
        first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                line = key.start_mark.line + 1
                raise NotParsed(f"line {line}: {key.value!r} is written twice; take one out")
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def parse_yaml(text: str) -> object:
    """One YAML document.

    Raises:
        NotParsed: it is not YAML, has a tab in its indentation, or a key twice.
    """
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506  a SafeLoader with two rules more
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        raise NotParsed(f"line {line}: {_yaml_problem(text, line, error)}") from None
    except yaml.YAMLError as error:
        raise NotParsed(f"it is not YAML: {error}") from None
    except RecursionError:
        raise NotParsed("it is nested too deeply; flatten it") from None


def _yaml_problem(text: str, line: int, error: yaml.MarkedYAMLError) -> str:
    lines = text.split("\n")
    shown = lines[line - 1] if line <= len(lines) else ""
    if "\t" in shown[: len(shown) - len(shown.lstrip())]:
        return "a tab indents it, which YAML does not allow; put spaces there"
    return f"it is not YAML: {error.problem}; correct it there or on the line above"


def parse_json(text: str) -> JsonValue:
    """One JSON value.

    Raises:
        NotParsed: it is not JSON, holds NaN or Infinity, or has a key twice.
    """
    try:
        value: JsonValue = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise NotParsed(f"column {error.colno}: it is not JSON: {error.msg.lower()}") from None
    except RecursionError:
        raise NotParsed("it is nested too deeply; flatten it") from None
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise NotParsed(f"{twice!r} is written twice; take one out")
    return found


def _no_constant(word: str) -> object:
    raise NotParsed(f"{word} is not JSON; write a number, or null")
