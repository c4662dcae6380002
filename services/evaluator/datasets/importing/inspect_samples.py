"""Samples of Inspect, as JSON lines, JSON or CSV: input, target, choices, id and metadata."""

import csv
import io
import json

from pydantic import JsonValue

from contracts.scoring import Exact, Scorer
from services.evaluator.datasets.parsing import NotParsed, parse_json
from services.evaluator.errors import ImportRefused

from .chat import only_question
from .imported import Imported, NotTaken, any_of, as_text, objects

FORMAT = "Inspect"
TAKEN = {"input", "target", "choices", "id", "metadata"}
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def take_inspect(text: str, kind: str = "jsonl") -> Imported:
    """The cases of a data set; `kind` is `jsonl`, `json` or `csv`.

    A data set does not say how it is scored: here one of the targets has to be in the answer. Of a
    question with choices, the letter of the target has to be the whole answer.

    Raises:
        ImportRefused: the text is not of this kind.
    """
    imported = Imported()
    for number, row in enumerate(_rows(text, kind), start=1):
        where = f"sample {number}"
        for name in sorted(row.keys() - TAKEN):
            imported.note(where, f"{name}: a case has nothing like it")
        try:
            _take(imported, where, row, f"sample-{number}")
        except NotTaken as error:
            imported.note(where, str(error))
    return imported


def _take(imported: Imported, where: str, row: dict[str, JsonValue], otherwise: str) -> None:
    question, notes = only_question(row.get("input"))
    for note in notes:
        imported.note(where, note)
    targets = _texts(row.get("target"))
    choices = _texts(row.get("choices"))
    if choices:
        question += "\n\n" + "\n".join(
            f"{letter}) {text}" for letter, text in zip(LETTERS, choices, strict=False)
        )
        question += "\n\nAnswer with the letter alone."
    if not targets:
        imported.note(where, "target: there is none, so the case has no scorer")
    imported.add(
        where,
        {
            "id": imported.new_id(row.get("id"), otherwise),
            "input": question,
            "scorers": _scorers(targets, choices=bool(choices)),
            "metadata": imported.metadata(where, _value(row.get("metadata"))),
        },
    )


def _scorers(targets: list[str], *, choices: bool) -> tuple[Scorer, ...]:
    if not targets:
        return ()
    if choices and len(targets) == 1:
        return (Exact(value=targets[0]),)
    return (any_of(targets, whole=choices),)


def _texts(given: JsonValue) -> list[str]:
    """One text or a list of them; CSV holds a list as JSON."""
    given = _value(given)
    texts = given if isinstance(given, list) else [given]
    return [as_text(text) for text in texts if text not in (None, "")]


def _value(given: JsonValue) -> JsonValue:
    if isinstance(given, str) and given[:1] in ("[", "{"):
        try:
            return parse_json(given)
        except NotParsed:
            return given
    return given


def _rows(text: str, kind: str) -> list[dict[str, JsonValue]]:
    try:
        match kind:
            case "csv":
                return [json.loads(json.dumps(row)) for row in csv.DictReader(io.StringIO(text))]
            case "json":
                return objects(parse_json(text), FORMAT)
            case _:
                lines = [line for line in text.split("\n") if line.strip()]
                return objects([parse_json(line) for line in lines], FORMAT)
    except (NotParsed, csv.Error) as error:
        raise ImportRefused(FORMAT, str(error)) from None
