"""JSON Schema on what a model wrote: nothing is fetched, and no pattern runs without a limit."""

from collections.abc import Iterator
from typing import Any

import regex
from jsonschema import ValidationError  # type: ignore[import-untyped]  # it publishes no types
from jsonschema.validators import extend, validator_for  # type: ignore[import-untyped]  # as above
from referencing import Registry

PATTERN_SECONDS = 1.0  # of one search: what a model wrote must not keep whoever reads it
UNBOUNDED = "patternProperties"


class UnboundedSchema(ValueError):
    """A schema that no limit can be put on."""


def schema_problem(schema: dict[str, Any], value: object) -> str | None:
    """The first thing that does not fit, with its place; None if all does.

    Raises:
        SchemaError, Unresolvable: the schema cannot be read.
        UnboundedSchema: it has `patternProperties`, which the library tries on a model's own keys.
        TimeoutError: one of its patterns took too long.
    """
    kind = validator_for(schema)
    kind.check_schema(schema)
    if _has(schema, UNBOUNDED):
        raise UnboundedSchema(f"{UNBOUNDED} would run without a limit; name the properties")
    bounded = extend(kind, {"pattern": _pattern})
    first = next(bounded(schema, registry=Registry()).iter_errors(value), None)
    if first is None:
        return None
    place = ".".join(map(str, first.absolute_path)) or "the answer"
    return f"{place}: {first.message}"


def _pattern(_: Any, pattern: str, text: object, __: object) -> Iterator[ValidationError]:
    """The library's own, with a limit."""
    if isinstance(text, str) and not regex.search(pattern, text, timeout=PATTERN_SECONDS):
        yield ValidationError(f"{text!r} does not match {pattern!r}")


def _has(schema: object, name: str) -> bool:
    if isinstance(schema, dict):
        return name in schema or any(_has(one, name) for one in schema.values())
    return isinstance(schema, list) and any(_has(one, name) for one in schema)
