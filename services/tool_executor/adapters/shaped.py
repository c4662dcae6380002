"""A tool of which the executor knows no function, only the shapes of what goes in and comes out."""

import json
from dataclasses import dataclass
from typing import Any

from services.tool_executor.errors import ArgumentsInvalid

from .invocation import unique
from .schema import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapedInvocation:
    """It is called by its name, with arguments that are held to the schema that we pinned."""

    name: str
    arguments: Shape
    known: frozenset[str]
    result: Shape | None = None
    errors_do_nothing: bool = False

    def parse(self, arguments_json: str) -> dict[str, Any]:
        """The arguments, if they fit.

        A name that the schema does not list is refused also where the schema would let it pass:
        nobody has said whether it decides whom the call affects.

        Raises:
            ArgumentsInvalid: naming each field and what is wrong with it.
        """
        try:
            found = json.loads(arguments_json, object_pairs_hook=unique)
        except (ValueError, RecursionError) as error:
            raise ArgumentsInvalid(self.name, str(error)) from None
        if not isinstance(found, dict):
            raise ArgumentsInvalid(self.name, "arguments: not an object")
        if strange := sorted(found.keys() - self.known):
            raise ArgumentsInvalid(self.name, f"{', '.join(strange)}: there is no such argument")
        if wrong := self.arguments.mistakes(found):
            raise ArgumentsInvalid(self.name, wrong)
        return found
