"""Whether arguments that a person wrote may be a call's arguments: a JSON object of its schema."""

import json
from collections.abc import Sequence

from jsonschema import SchemaError  # type: ignore[import-untyped]  # it publishes no types
from jsonschema.validators import validator_for  # type: ignore[import-untyped]  # as above
from referencing import Registry
from referencing.exceptions import Unresolvable

from contracts.review import ARGUMENTS_LIMIT_BYTES
from contracts.tool import ToolManifest

REASON_LIMIT = 300


def edit_problem(manifest: ToolManifest | None, arguments_json: str) -> str | None:
    """What is wrong with edited arguments, as a sentence that names the place; None if nothing.

    A schema that cannot be read lets nothing through, and nothing is fetched for one.
    """
    if manifest is None:
        return "the agent has no such tool, so nothing can be checked"
    if len(arguments_json.encode()) > ARGUMENTS_LIMIT_BYTES:
        return f"the arguments have more than {ARGUMENTS_LIMIT_BYTES} bytes"
    try:
        arguments = json.loads(
            arguments_json, object_pairs_hook=_once_each, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        return f"the arguments are not JSON: {error}"[:REASON_LIMIT]
    if not isinstance(arguments, dict):
        return "the arguments are not a JSON object"
    return _schema_problem(manifest.parameters, arguments)


def _schema_problem(schema: dict[str, object], arguments: dict[str, object]) -> str | None:
    kind = validator_for(schema)
    try:
        kind.check_schema(schema)
        first = next(kind(schema, registry=Registry()).iter_errors(arguments), None)
    except (SchemaError, Unresolvable) as error:
        return f"the tool's schema cannot be read: {error}"[:REASON_LIMIT]
    if first is None:
        return None
    place = ".".join(map(str, first.absolute_path)) or "the arguments"
    return f"{place}: {first.message}"[:REASON_LIMIT]


def _once_each(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """A name that comes twice means one thing to a person and another to a parser."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands in it twice")
    return found


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")
