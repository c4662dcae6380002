"""JSON Schemas that a server wrote: which of them we rely upon, and what fits them.

They come from outside, and are checked in the executor's own process. So none of them may have
another document fetched, be as large as it likes, or keep a processor for ever. Each rule that is
looked at counts, for forty references can stand for a million million; and those are left to the
server that can take long by themselves: regular expressions, and comparing each with each.
"""

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it has none
from jsonschema.exceptions import ValidationError  # type: ignore[import-untyped]  # it has none
from jsonschema.validators import extend  # type: ignore[import-untyped]  # it has none
from referencing import Registry
from referencing.exceptions import Unresolvable

SCHEMA_LIMIT_BYTES = 65_536
MISTAKES_TOLD = 5
STEPS_LIMIT = 200_000  # rules looked at for one value: under a second
# Passed by, as a server checks its own; the first is refused, for `additionalProperties` needs it.
_BY_PATTERN = "patternProperties"
_LEFT_TO_THE_SERVER = ("pattern", "uniqueItems", "unevaluatedItems", "unevaluatedProperties")
NOTHING_FETCHED: Registry[Any] = Registry()


class SchemaUnusable(Exception):
    """It is not one that calls can be held to; with what is wrong, as a sentence."""


class _TooLong(Exception):
    """More rules than may be looked at."""


Rule = Callable[..., Iterator[ValidationError] | None]


def _unchecked(*_: object) -> Iterator[ValidationError]:
    """Passes."""
    return iter(())


_steps: ContextVar[Iterator[int]] = ContextVar("steps")


def _counted(rule: Rule) -> Rule:
    def look(*what: object) -> Iterator[ValidationError] | None:
        if next(_steps.get()) > STEPS_LIMIT:
            raise _TooLong
        return rule(*what)

    return look


_Validator: Callable[..., Any] = extend(
    Draft202012Validator,
    {name: _counted(rule) for name, rule in Draft202012Validator.VALIDATORS.items()}
    | dict.fromkeys(_LEFT_TO_THE_SERVER, _unchecked),
)


def _mistakes(validator: Any, value: object, most: int) -> list[ValidationError]:
    """The first mistakes of a value.

    Raises:
        _TooLong: they take more steps than there may be.
    """
    _steps.set(itertools.count(1))
    return list(itertools.islice(validator.iter_errors(value), most))


class Shape:
    """A schema that values are held to."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        """Take a schema.

        Raises:
            SchemaUnusable: it is too large, no schema, refers elsewhere, or names by pattern.
        """
        if len(json.dumps(schema)) > SCHEMA_LIMIT_BYTES:
            raise SchemaUnusable(f"it is longer than {SCHEMA_LIMIT_BYTES} bytes")
        for key, value in _members(schema):
            if key == _BY_PATTERN:
                raise SchemaUnusable(f"it uses {_BY_PATTERN}, which is not supported")
            if key == "$ref" and not (isinstance(value, str) and value.startswith("#")):
                raise SchemaUnusable("it refers to another document")
        try:
            wrong = _mistakes(_Validator(Draft202012Validator.META_SCHEMA), schema, 1)
        except _TooLong:
            raise SchemaUnusable(f"it has more than {STEPS_LIMIT} rules") from None
        if wrong:
            raise SchemaUnusable(f"it is no JSON Schema: {wrong[0].message[:200]}")
        self._validator = _Validator(schema, registry=NOTHING_FETCHED)

    def mistakes(self, value: object) -> str | None:
        """What of the value does not fit, by field and without the value; None if all does."""
        try:
            found = _mistakes(self._validator, value, MISTAKES_TOLD)
        except _TooLong:
            return f"it takes more than {STEPS_LIMIT} steps to check"
        except (Unresolvable, RecursionError) as error:
            return f"the schema cannot be followed: {type(error).__name__}"
        return "; ".join(map(_told, found)) or None


def _told(error: ValidationError) -> str:
    return f"{'.'.join(map(str, error.absolute_path)) or 'the whole'}: {_broken(error)}"


def _broken(error: ValidationError) -> str:
    """The rule that is broken. The library's own sentence quotes the value, maybe a secret one."""
    rule: Any = error.validator_value
    match error.validator:
        case "required":
            given = error.instance if isinstance(error.instance, dict) else {}
            missing = [one for one in rule if one not in given]
            return f"{', '.join(missing)} is missing"
        case "type":
            return f"is not of type {rule}"
        case "additionalProperties":
            return "holds a field that is not in the schema"
        case "enum" | "const":
            return f"is none of {json.dumps(rule)[:200]}"
        case _:
            return f"breaks {error.validator} {json.dumps(rule)[:100]}"


def _members(value: object) -> Iterator[tuple[str, object]]:
    """Every key and value at every depth. The depth is bounded: it was read from JSON."""
    open_ = [value]
    while open_:
        one = open_.pop()
        if isinstance(one, dict):
            yield from one.items()
            open_ += one.values()
        elif isinstance(one, list):
            open_ += one
