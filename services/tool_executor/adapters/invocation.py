"""One call of a tool's function: arguments in, JSON out, each held to its annotation.

The same in a worker and in process.
"""

import functools
import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_type_hints

from pydantic import BaseModel, PydanticSchemaGenerationError, TypeAdapter, ValidationError
from pydantic_core import to_json

from contracts.labels import Labelled, unlabelled
from contracts.tool import ToolContext, arguments_model, wants_context
from services.tool_executor.errors import ArgumentsInvalid, ResultInvalid

MISTAKES_TOLD = 5


@dataclass(frozen=True, slots=True)
class Invocation:
    """A function with the shapes of its arguments and of its result."""

    name: str
    function: Callable[..., Any]
    arguments: type[BaseModel]
    takes_context: bool
    result: TypeAdapter[Any] | None = None
    """None where its annotation says nothing."""

    def parse(self, arguments_json: str) -> BaseModel:
        """The arguments, if they fit.

        Raises:
            ArgumentsInvalid: naming each field and what is wrong with it.
        """
        try:
            # The gate read this text with `json`; another parser may choose the other of two
            # equal names, and then what runs is not what was judged.
            json.loads(arguments_json, object_pairs_hook=unique)
            return self.arguments.model_validate_json(arguments_json, strict=True)
        except ValidationError as error:
            raise ArgumentsInvalid(self.name, _sentence(error)) from None
        except (ValueError, RecursionError) as error:
            raise ArgumentsInvalid(self.name, str(error)) from None

    def keywords(self, arguments_json: str, context: ToolContext) -> dict[str, Any]:
        """What to call the function with."""
        parsed = self.parse(arguments_json)
        found = {name: getattr(parsed, name) for name in type(parsed).model_fields}
        return {**found, "call": context} if self.takes_context else found

    def output(self, returned: object) -> tuple[bytes, tuple[str, ...]]:
        """What the function returned, as JSON, and the labels that it gave it.

        Models, dataclasses, decimals and dates have a form in JSON.

        Raises:
            ResultInvalid: it is not what the function declares.
            ValueError: something in it has no JSON form.
        """
        value, labels = unlabelled(returned)
        if self.result is not None:
            try:
                self.result.validate_python(value, strict=True)
            except ValidationError as error:
                raise ResultInvalid(self.name, _sentence(error, "result")) from None
        return to_json(value), labels


@functools.lru_cache(maxsize=1024)
def invocation_of(function: Callable[..., Any]) -> Invocation:
    """How to call a declared tool. Made once for each."""
    inner = inspect.unwrap(function)
    return Invocation(
        function.__name__,
        function,
        arguments_model(inner),
        takes_context=wants_context(inner),
        result=_result_of(inner),
    )


def _result_of(function: Callable[..., Any]) -> TypeAdapter[Any] | None:
    hint = get_type_hints(function, include_extras=True).get("return", Any)
    if getattr(hint, "__name__", "") == Labelled.__name__:  # also of the wheel's own class
        return None
    try:
        return TypeAdapter(hint)
    except PydanticSchemaGenerationError:  # a class of the author's that only JSON can tell
        return None


def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object of JSON whose names are all different.

    Raises:
        ValueError: one is given more than once.
    """
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"{', '.join(twice)}: given more than once")
    return found


def _sentence(error: ValidationError, whole: str = "arguments") -> str:
    """Each mistake as `field: sentence`, without the value: it may be hostile, or secret."""
    mistakes = error.errors(include_url=False, include_input=False)[:MISTAKES_TOLD]
    return "; ".join(f"{'.'.join(map(str, one['loc'])) or whole}: {one['msg']}" for one in mistakes)
