"""What an import gives: the cases, and everything that was not taken as it stood, and why."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from contracts.scoring import Regex, Scorer
from contracts.suite import Case
from services.evaluator.errors import ImportRefused

PLAIN = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")
NOTE_LIMIT_CHARACTERS = 1024
METADATA_LIMIT = 32
_ID_LIMIT_CHARACTERS = 56
_NOT_OF_A_NAME = re.compile(r"[^A-Za-z0-9_-]+")


class NotTaken(ValueError):
    """A part of the foreign file says nothing that a case could; the sentence says why."""


@dataclass(frozen=True)
class Untaken:
    """`where` in the foreign file, and `why` it is not in the cases, or not as it was."""

    where: str
    why: str


@dataclass
class Imported:
    """Cases in the order of the file. An importer adds to it; who asked for it reads it."""

    cases: list[Case] = field(default_factory=list)
    untaken: list[Untaken] = field(default_factory=list)
    _ids: set[str] = field(default_factory=set)

    def note(self, where: str, why: str) -> None:
        self.untaken.append(Untaken(where, why))

    def new_id(self, wanted: object, otherwise: str) -> str:
        """A name of a case that no other has, as near to the wanted one as may be."""
        text = _NOT_OF_A_NAME.sub("-", str(wanted or "")).strip("-").lower()
        base = text[:_ID_LIMIT_CHARACTERS] or otherwise
        name, number = base, 2
        while name in self._ids:
            name, number = f"{base}-{number}", number + 1
        self._ids.add(name)
        return name

    def add(self, where: str, fields: Mapping[str, object]) -> None:
        """The case of these fields, or a note that they make none."""
        try:
            self.cases.append(Case.model_validate(fields))
        except ValueError as error:
            first = str(error).split("\n")
            self.note(where, f"it is no case: {' '.join(line.strip() for line in first[1:3])}")

    def metadata(self, where: str, given: object) -> dict[str, str]:
        """Notes on a case, each as text."""
        if not isinstance(given, dict):
            return {}
        if len(given) > METADATA_LIMIT:
            self.note(where, f"metadata: only the first {METADATA_LIMIT} entries are taken")
        texts = {str(name): as_text(value) for name, value in list(given.items())[:METADATA_LIMIT]}
        long = [name for name, text in texts.items() if len(text) > NOTE_LIMIT_CHARACTERS]
        for name in long:
            self.note(where, f"metadata.{name}: longer than {NOTE_LIMIT_CHARACTERS} characters")
        return {name: text for name, text in texts.items() if name not in long and name}


def as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def filled(text: str, variables: Mapping[str, object]) -> str:
    """The text with `{{name}}` and `{{name.part}}` filled in.

    Raises:
        NotTaken: a variable is not there, or the template does more than name one.
    """
    if "{%" in text or "{#" in text or "{{" in PLAIN.sub("", text):
        raise NotTaken("its template does more than name variables; write the text out")
    return PLAIN.sub(lambda found: as_text(_look_up(found[1], variables)), text)


def _look_up(name: str, variables: Mapping[str, object]) -> object:
    value: object = variables
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            raise NotTaken(f"the variable {name!r} has no value")
        value = value[part]
    return value


def any_of(values: Iterable[str], *, whole: bool = False, ignore_case: bool = False) -> Scorer:
    """One of these texts is in the answer; or is all of it, with `whole`."""
    choice = "|".join(re.escape(value) for value in values)
    pattern = rf"\A\s*(?:{choice})\s*\Z" if whole else choice
    return Regex(pattern=pattern, ignore_case=ignore_case)


def objects(rows: JsonValue, format_name: str) -> list[dict[str, JsonValue]]:
    """A list of objects.

    Raises:
        ImportRefused: it is something else.
    """
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ImportRefused(format_name, "it is no list of objects")
    return [row for row in rows if isinstance(row, dict)]
