"""A `promptfooconfig.yaml`: each test with each prompt is a case."""

from collections.abc import Mapping

from services.evaluator.datasets.parsing import NotParsed, parse_yaml
from services.evaluator.errors import ImportRefused

from .imported import Imported, NotTaken, as_text, filled
from .promptfoo_assertions import scorers_of

FORMAT = "promptfoo"
TAKEN = {"description", "prompts", "providers", "tests", "defaultTest"}
OF_A_TEST = {"description", "vars", "assert", "metadata"}
Fields = Mapping[str, object]


def take_promptfoo(text: str, judge: str = "judge") -> Imported:
    """The cases of a configuration; assertions that ask a model ask the judge of this name.

    Raises:
        ImportRefused: it is not YAML, or has no list of tests.
    """
    try:
        config = parse_yaml(text)
    except NotParsed as error:
        raise ImportRefused(FORMAT, str(error)) from None
    tests = config.get("tests") if isinstance(config, dict) else None
    if not isinstance(config, dict) or not isinstance(tests, list):
        raise ImportRefused(FORMAT, "it has no list of tests; tests of other files go there first")
    imported = Imported()
    if "providers" in config:
        imported.note("providers", "the agent that is tried has its own model")
    for name in sorted(config.keys() - TAKEN - {"$schema"}, key=str):
        imported.note(str(name), "a suite has nothing like it")
    prompts = _prompts(imported, config.get("prompts"))
    default = _mapping(config.get("defaultTest"))
    for number, test in enumerate(tests):
        for label, prompt in prompts:
            where = f"tests[{number}]{label}"
            try:
                _take(imported, where, _merged(default, test), prompt, judge)
            except NotTaken as error:
                imported.note(where, str(error))
    return imported


def _take(imported: Imported, where: str, test: Fields, prompt: str, judge: str) -> None:
    for name in sorted(test.keys() - OF_A_TEST):
        imported.note(where, f"{name}: a case has nothing like it")
    variables = _mapping(test.get("vars"))
    for name, value in variables.items():
        if isinstance(value, list):
            raise NotTaken(f"vars.{name}: a list makes several tests of one; write them apart")
        if isinstance(value, str) and value.startswith("file://"):
            raise NotTaken(f"vars.{name}: {value} is another file; write its text here")
    variables = {name: _filled(value, variables) for name, value in variables.items()}
    asserted = test.get("assert")
    scorers = scorers_of(
        imported, where, asserted if isinstance(asserted, list) else [], variables, judge
    )
    if not scorers:
        imported.note(where, "nothing of its assertions was taken, so the case has no scorer")
    imported.add(
        where,
        {
            "id": imported.new_id(
                test.get("description"), where.replace("[", "-").replace("]", "")
            ),
            "input": filled(prompt, variables),
            "scorers": tuple(scorers),
            "metadata": imported.metadata(where, test.get("metadata")),
        },
    )


def _prompts(imported: Imported, given: object) -> list[tuple[str, str]]:
    """Each prompt, with what tells its cases from those of the others."""
    found: list[tuple[str, str]] = []
    listed = given if isinstance(given, list) else [given]
    for number, prompt in enumerate(listed):
        raw = prompt.get("raw") if isinstance(prompt, dict) else prompt
        if not isinstance(raw, str) or raw.startswith("file://"):
            imported.note(f"prompts[{number}]", f"{as_text(raw)} is no text; write it out here")
        else:
            found.append((f"-prompt-{number}" if len(listed) > 1 else "", raw))
    return found


def _merged(default: Fields, test: object) -> dict[str, object]:
    if not isinstance(test, dict):
        raise NotTaken("it is no test of this file; write the tests out in it")
    own = _mapping(test)
    merged = {**default, **own}
    for name in ("vars", "metadata"):
        merged[name] = {**_mapping(default.get(name)), **_mapping(own.get(name))}
    first, second = default.get("assert"), own.get("assert")
    merged["assert"] = [
        one for both in (first, second) for one in (both if isinstance(both, list) else [])
    ]
    return merged


def _filled(value: object, variables: Fields) -> object:
    """A value may name other variables."""
    return filled(value, variables) if isinstance(value, str) else value


def _mapping(given: object) -> dict[str, object]:
    return {str(name): value for name, value in given.items()} if isinstance(given, dict) else {}
