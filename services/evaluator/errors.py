"""What can go wrong in evaluation before anything is tried.

EvaluatorError
├── CalibrationError    what is known of a jury cannot be used as it is
│   ├── LabelsInvalid   a file of labels has mistakes; all of them are told at once
│   └── CardInvalid     a calibration card cannot be read; calibrate again
└── DatasetError        cases that cannot be used as they are: a person must change something
    ├── FileUnusable    a file is not there, too large, or no text
    ├── SuiteInvalid    a suite or some of its cases have mistakes; all of them are told at once
    ├── ImportRefused   a file of another tool is not in the format that was named
    └── NotCapturable   a run cannot become a case, at least not in this way
"""

from collections.abc import Sequence
from pathlib import Path

SHOWN_LIMIT = 20


class EvaluatorError(Exception):
    """Base of the evaluator's own failures."""


class CalibrationError(EvaluatorError):
    """Base of what is wrong with labels and cards."""


class LabelsInvalid(CalibrationError):
    """Every mistake that was found, each with its line and what to do."""

    def __init__(self, path: Path, problems: Sequence[str]) -> None:
        super().__init__(_listed(path, problems))
        self.path = path
        self.problems = tuple(problems)


class CardInvalid(CalibrationError):
    """The file of a card does not hold one."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}; run `interlock eval calibrate` again")
        self.path = path


class DatasetError(EvaluatorError):
    """Base of what is wrong with suites and cases."""


class FileUnusable(DatasetError):
    """A file cannot be read as text within its limits."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path


class SuiteInvalid(DatasetError):
    """Every mistake that was found, each a line that says where, what, and what to do."""

    def __init__(self, path: Path, problems: Sequence[str]) -> None:
        super().__init__(_listed(path, problems))
        self.path = path
        self.problems = tuple(problems)


class ImportRefused(DatasetError):
    """The text is not in the format that it was said to be in."""

    def __init__(self, format_name: str, problem: str) -> None:
        super().__init__(f"this is no {format_name} file: {problem}")
        self.format_name = format_name


class NotCapturable(DatasetError):
    """A run, or a step of it, holds nothing that a case could be made of."""

    def __init__(self, run_id: str, problem: str) -> None:
        super().__init__(f"run {run_id}: {problem}")
        self.run_id = run_id


def _listed(path: Path, problems: Sequence[str]) -> str:
    shown = [f"{path}: {problem}" for problem in problems[:SHOWN_LIMIT]]
    if len(problems) > SHOWN_LIMIT:
        shown.append(f"{path}: and {len(problems) - SHOWN_LIMIT} more; correct these first")
    return "\n".join(shown)
