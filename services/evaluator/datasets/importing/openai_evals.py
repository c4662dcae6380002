"""OpenAI evals: samples as JSON lines, scored by their `ideal` or by graders of the platform."""

import re
from collections.abc import Mapping

from pydantic import JsonValue

from contracts.scoring import Exact, Fuzzy, Judged, Regex, Scorer
from services.evaluator.datasets.parsing import NotParsed, parse_json
from services.evaluator.errors import ImportRefused

from .chat import only_question
from .imported import Imported, NotTaken, any_of, as_text, filled, objects

FORMAT = "OpenAI evals"
OUTPUT = re.compile(r"\A\{\{\s*sample\.output_text\s*\}\}\Z")
DEFAULT_SIMILARITY = 0.8


def take_openai_evals(samples: str, graders: str = "[]", judge: str = "judge") -> Imported:
    """The cases of the samples; every grader of the JSON list `graders` scores each of them.

    Samples are `{"input", "ideal"}`, or `{"item": {...}}` with an `input` among its fields. An
    `ideal` has to be in the answer. Graders that ask a model ask the judge of this name.

    Raises:
        ImportRefused: the samples or the graders are not JSON of that shape.
    """
    imported = Imported()
    try:
        lines = [parse_json(line) for line in samples.split("\n") if line.strip()]
        asked = objects(parse_json(graders), FORMAT)
    except NotParsed as error:
        raise ImportRefused(FORMAT, str(error)) from None
    for number, row in enumerate(objects(lines, FORMAT), start=1):
        inner = row.get("item")
        item = inner if isinstance(inner, dict) else row
        try:
            _take(imported, f"sample {number}", item, asked, judge)
        except NotTaken as error:
            imported.note(f"sample {number}", str(error))
    return imported


def _take(
    imported: Imported,
    where: str,
    item: dict[str, JsonValue],
    graders: list[dict[str, JsonValue]],
    judge: str,
) -> None:
    question, notes = only_question(item.get("input"))
    scorers = _ideal(item.get("ideal"))
    for grader in graders:
        try:
            scorers.append(_scorer(grader, {"item": item}, judge, notes))
        except ValueError as error:
            notes.append(f"grader {grader.get('name')}: {error}".split("\n")[0])
    for note in notes:
        imported.note(where, note)
    if not scorers:
        imported.note(where, "it has neither ideal nor grader, so the case has no scorer")
    name = imported.new_id(item.get("id"), where.replace(" ", "-"))
    imported.add(where, {"id": name, "input": question, "scorers": tuple(scorers)})


def _ideal(ideal: JsonValue) -> list[Scorer]:
    texts = ideal if isinstance(ideal, list) else [ideal]
    wanted = [as_text(text) for text in texts if text not in (None, "")]
    return [any_of(wanted)] if wanted else []


def _scorer(
    grader: Mapping[str, JsonValue], scope: Mapping[str, object], judge: str, notes: list[str]
) -> Scorer:
    match grader.get("type"):
        case "string_check":
            return _string_check(grader, scope)
        case "text_similarity":
            _about_the_answer(grader)
            if grader.get("evaluation_metric") != "fuzzy_match":
                metric = grader.get("evaluation_metric")
                notes.append(f"grader {grader.get('name')}: {metric} becomes a fuzzy comparison")
            least = grader.get("pass_threshold", DEFAULT_SIMILARITY)
            return Fuzzy(
                value=_reference(grader, scope), at_least=float(str(least)), compare="whole"
            )
        case "label_model" | "score_model":
            notes.append(f"grader {grader.get('name')}: its model and scale are those of {judge}")
            return Judged(by=judge, question=_question(grader, scope))
    raise NotTaken(f"a {grader.get('type')} is not taken; write a scorer in its place")


def _string_check(grader: Mapping[str, JsonValue], scope: Mapping[str, object]) -> Scorer:
    _about_the_answer(grader)
    wanted = _reference(grader, scope)
    match grader.get("operation"):
        case "eq":
            return Exact(value=wanted)
        case "ne":
            return Regex(pattern=rf"\A{re.escape(wanted)}\Z", absent=True)
        case "like":
            return any_of([wanted])
        case "ilike":
            return any_of([wanted], ignore_case=True)
    raise NotTaken(f"there is no operation {grader.get('operation')}")


def _about_the_answer(grader: Mapping[str, JsonValue]) -> None:
    if not OUTPUT.match(str(grader.get("input"))):
        raise NotTaken("it looks at something else than sample.output_text alone")


def _reference(grader: Mapping[str, JsonValue], scope: Mapping[str, object]) -> str:
    return filled(str(grader.get("reference", "")), scope)


def _question(grader: Mapping[str, JsonValue], scope: Mapping[str, object]) -> str:
    """The messages to the model as one question; the answer is shown to a judge anyway."""
    messages = objects(grader.get("input"), FORMAT)
    answer = {**scope, "sample": {"output_text": "(the answer)"}}
    texts = [filled(str(one.get("content", "")), answer) for one in messages]
    passing = grader.get("passing_labels")
    rule = f"It passes as: {', '.join(map(str, passing))}." if isinstance(passing, list) else ""
    return "\n\n".join(filter(None, (*texts, rule)))
