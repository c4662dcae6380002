"""Other arguments for a call, as a person writes them: whole, one by one, or in an editor."""

import json
from collections.abc import Sequence
from typing import Any

import typer

from services.console.cli.errors import USAGE, CommandFailed


def edited(before: str, whole: str | None, sets: Sequence[str]) -> dict[str, Any]:
    """The arguments that are to run: from `--arguments`, from `--set`, or from `$EDITOR`.

    Raises:
        CommandFailed: they are not JSON, both ways are used, or nothing was changed.
    """
    if whole is not None and sets:
        raise CommandFailed("--arguments are all of them.", "use either it or --set", USAGE)
    if whole is not None:
        return _object(whole, "--arguments")
    if sets:
        return {**_object(before, "the arguments that the model wrote"), **_sets(sets)}
    return _object(_in_editor(before), "what you wrote")


def _sets(sets: Sequence[str]) -> dict[str, Any]:
    found = {}
    for one in sets:
        name, equals, value = one.partition("=")
        if not name or not equals:
            raise CommandFailed(f"--set {one} has no name and value.", "write name=value", USAGE)
        try:
            found[name] = json.loads(value)
        except ValueError:
            # Guessing that it is a text would turn numbers with a slip in them into texts.
            remedy = f"write JSON; a text is --set '{name}={json.dumps(value)}'"
            raise CommandFailed(f"--set {name}: {value!r} is not JSON.", remedy, USAGE) from None
    return found


def _in_editor(before: str) -> str:
    try:
        shown = json.dumps(json.loads(before), indent=2, ensure_ascii=False)
    except ValueError:
        shown = before
    written = typer.edit(shown, extension=".json")
    if written is None or written.strip() == shown.strip():
        raise CommandFailed("You changed nothing.", "approve it, or change and save it", USAGE)
    return written


def _object(text: str, what: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise CommandFailed(f"{what}: {error}.", "write a JSON object", USAGE) from None
    if not isinstance(found, dict):
        raise CommandFailed(f"{what} are no JSON object.", "write a JSON object", USAGE)
    return found
