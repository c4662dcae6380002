"""A suite from its files: YAML or JSON with the cases that it names, or a .jsonl file of cases.

Every mistake of a file of cases is told at once. A suite that was read holds all of its cases
itself: its `files` are empty.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from contracts.scoring import one_name_each
from contracts.suite import CASES_LIMIT, Case, Suite
from services.evaluator.errors import FileUnusable, SuiteInvalid

from .files import below, read_text
from .parsing import NotParsed, parse_json, parse_yaml
from .problems import problems_of

LINE_LIMIT_CHARACTERS = 4 * 1024 * 1024
SUFFIXES = (".yaml", ".yml", ".json", ".jsonl")
_NOT_OF_A_NAME = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass
class _Found:
    """Cases and mistakes of one file of cases."""

    cases: list[Case] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def load_suite(path: Path, *, agent: str | None = None) -> Suite:
    """The suite of a file, with the cases of every file that it names.

    `agent` is for a .jsonl file, which names none; of a suite it must be the one written there.

    Raises:
        FileUnusable: a file cannot be read.
        SuiteInvalid: with every mistake of the first file that has any.
    """
    if path.suffix not in SUFFIXES:
        raise FileUnusable(path, f"not a suite by its name; end it in {', '.join(SUFFIXES)}")
    suite = _suite_of_cases(path, agent) if path.suffix == ".jsonl" else _suite(path)
    if agent is not None and agent != suite.agent:
        problem = f"agent: it is for {suite.agent}, and not for {agent}; name that one, or none"
        raise SuiteInvalid(path, [problem])
    return suite


def load_cases(path: Path) -> tuple[Case, ...]:
    """The cases of a .jsonl file, in their order.

    Raises:
        FileUnusable: the file cannot be read.
        SuiteInvalid: with every mistake in it.
    """
    found = read_cases(read_text(path))
    if found.problems:
        raise SuiteInvalid(path, found.problems)
    return tuple(found.cases)


def read_cases(text: str) -> _Found:
    """Every case and every mistake in the lines of a text; empty lines are passed over."""
    found = _Found()
    first_line: dict[str, int] = {}
    for number, line in _lines(text):
        problems, case = _case(line)
        if case is not None and case.id in first_line:
            earlier = first_line[case.id]
            problems = [f"case {case.id}: line {earlier} has this id too; give it another"]
        elif case is not None:
            first_line[case.id] = number
            found.cases.append(case)
            found.places.append(number)
        found.problems += [f"line {number}: {problem}" for problem in problems]
    return found


def _lines(text: str) -> Iterator[tuple[int, str]]:
    # Not splitlines(): JSON text may hold U+2028, which that takes for the end of a line.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line


def _case(line: str) -> tuple[list[str], Case | None]:
    if len(line) > LINE_LIMIT_CHARACTERS:
        return [f"longer than {LINE_LIMIT_CHARACTERS} characters; shorten its stubs"], None
    try:
        written = parse_json(line)
        return [], Case.model_validate(written)
    except NotParsed as error:
        return [str(error)], None
    except ValidationError as error:
        named = written.get("id") if isinstance(written, dict) else None
        of = f"case {named}: " if isinstance(named, str) else ""
        return [of + problem for problem in problems_of(error, Case)], None


def _suite(path: Path) -> Suite:
    text = read_text(path)
    try:
        written = parse_json(text) if path.suffix == ".json" else parse_yaml(text)
    except NotParsed as error:
        raise SuiteInvalid(path, [str(error)]) from None
    if not isinstance(written, dict):
        raise SuiteInvalid(path, ["it says nothing; write name, agent and cases"])
    try:
        suite = Suite.model_validate(written)
    except ValidationError as error:
        raise SuiteInvalid(path, _named(problems_of(error, Suite), written)) from None
    return _whole(path, suite, [*suite.cases, *_cases_of_files(path, suite)])


def _named(problems: list[str], written: dict[object, object]) -> list[str]:
    """`cases[3]` with the id of that case behind it."""
    cases = written.get("cases")
    return [_case_named(problem, cases if isinstance(cases, list) else []) for problem in problems]


def _case_named(problem: str, cases: list[object]) -> str:
    at = re.match(r"cases\[(\d+)\]", problem)
    case = cases[int(at[1])] if at is not None and int(at[1]) < len(cases) else None
    name = case.get("id") if isinstance(case, dict) else None
    return f"case {name}: {problem}" if isinstance(name, str) else problem


def _cases_of_files(path: Path, suite: Suite) -> Iterator[Case]:
    """Cases of the files that a suite names, each with an id that no other has."""
    holder = {case.id: path.name for case in suite.cases}
    for name in suite.files:
        file = below(path.parent, name)
        if file is None or file.suffix != ".jsonl":
            problem = f"files: {name!r} is no .jsonl file below the folder of the suite; move it"
            raise SuiteInvalid(path, [problem])
        found = read_cases(read_text(file))
        taken = [
            f"line {line}: case {case.id}: {holder[case.id]} has this id too; give it another"
            for line, case in zip(found.places, found.cases, strict=True)
            if case.id in holder
        ]
        if found.problems or taken:
            raise SuiteInvalid(file, [*found.problems, *taken])
        holder |= dict.fromkeys((case.id for case in found.cases), name)
        yield from found.cases


def _suite_of_cases(path: Path, agent: str | None) -> Suite:
    if agent is None:
        raise SuiteInvalid(path, ["a file of cases names no agent; say which one is tried"])
    name = _NOT_OF_A_NAME.sub("-", path.stem)[:64]
    try:
        suite = Suite(name=name, agent=agent)
    except ValidationError as error:
        raise SuiteInvalid(path, problems_of(error, Suite)) from None
    return _whole(path, suite, list(load_cases(path)))


def _whole(path: Path, suite: Suite, cases: list[Case]) -> Suite:
    if not cases:
        raise SuiteInvalid(path, ["cases: there is none; write one, or name a file in files"])
    if len(cases) > CASES_LIMIT:
        problem = f"cases: {len(cases)}, and a suite has {CASES_LIMIT} at most; split it"
        raise SuiteInvalid(path, [problem])
    if alike := list(_called_alike(suite, cases)):
        raise SuiteInvalid(path, alike)
    return suite.model_copy(update={"cases": tuple(cases), "files": ()})


def _called_alike(suite: Suite, cases: list[Case]) -> Iterator[str]:
    """Cases with a scorer of their own that has the name of one of the suite."""
    for case in cases:
        try:
            one_name_each((*case.scorers, *suite.scorers))
        except ValueError as error:
            yield f"case {case.id}: {error}"
