"""What is kept of an experiment: `experiment.json`, and `results.jsonl` with a result a line.

A line is written whole, with its end, when a trial is over; so what was broken off in the middle of
a line is seen, left out, and tried again.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from threading import Lock

from pydantic import ValidationError

from services.evaluator.results import Experiment, Result

EXPERIMENT = "experiment.json"
RESULTS = "results.jsonl"
HOME_VARIABLE = "INTERLOCK_HOME"
DEFAULT_HOME = ".interlock"
EXPERIMENTS_SHOWN = 200


class FolderUnusable(Exception):
    """The folder holds another experiment, or cannot be read or written."""


class Folder:
    """The folder of one experiment."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()

    @property
    def exists(self) -> bool:
        return (self.path / EXPERIMENT).exists()

    def experiment(self) -> Experiment:
        """What was tried.

        Raises:
            FolderUnusable: there is no experiment here, or nobody can read it.
        """
        file = self.path / EXPERIMENT
        try:
            return Experiment.model_validate_json(file.read_bytes())
        except OSError as error:
            raise FolderUnusable(f"{file}: {error.strerror}") from None
        except ValidationError as error:
            raise FolderUnusable(f"{file} is no experiment: {error.errors()[0]['msg']}") from None

    def begin(self, experiment: Experiment) -> None:
        """Write down what is tried, or see that it is the same as before.

        Another budget or gate makes it no other experiment: those of now are kept.

        Raises:
            FolderUnusable: another experiment lies here, or the folder cannot be written.
        """
        if self.exists:
            known = self.experiment()
            if known.suite_sha256 != experiment.suite_sha256:
                raise FolderUnusable(f"{self.path} holds another version of the suite or its arms")
            now = {"budget_micro_usd": experiment.budget_micro_usd, "rules": experiment.rules}
            experiment = known.model_copy(update=now)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            text = experiment.model_dump_json(indent=2) + "\n"
            (self.path / EXPERIMENT).write_text(text, encoding="utf-8")
        except OSError as error:
            raise FolderUnusable(f"{self.path} cannot be written: {error.strerror}") from None

    def results(self) -> list[Result]:
        """Every result, the last of each trial; a line that was broken off is passed over.

        Raises:
            FolderUnusable: a line in the middle is no result, or nobody can read the file.
        """
        file = self.path / RESULTS
        try:
            lines = file.read_bytes().split(b"\n") if file.exists() else []
        except OSError as error:
            raise FolderUnusable(f"{file} cannot be read: {error.strerror}") from None
        found: dict[tuple[str, str, int], Result] = {}
        for number, line in enumerate(lines[:-1], start=1):
            try:
                one = Result.model_validate_json(line)
            except ValidationError:
                # What was broken off has the next result behind it, on a line of its own.
                if not line.strip() or not line.endswith(b"}"):
                    continue
                raise FolderUnusable(f"{file}: line {number} is no result") from None
            found[one.arm, one.case, one.repeat] = one
        return list(found.values())

    def add(self, result: Result) -> None:
        """Append a result, as one write.

        Raises:
            FolderUnusable: the file cannot be written.
        """
        line = result.model_dump_json().encode() + b"\n"
        file = self.path / RESULTS
        try:
            with self._lock, file.open("ab") as opened:
                if file.stat().st_size and not _ends_a_line(file):
                    line = b"\n" + line
                opened.write(line)
        except OSError as error:
            raise FolderUnusable(f"{file} cannot be written: {error.strerror}") from None


def folder_of(name: str, out: Path | None = None) -> Folder:
    """The folder of an experiment of this name: below the state of the platform, or `out`."""
    return Folder(out if out is not None else home() / name)


def home() -> Path:
    """Where experiments lie."""
    return Path(os.environ.get(HOME_VARIABLE) or DEFAULT_HOME) / "evals"


def experiments() -> Iterable[Folder]:
    """The folders of experiments, the newest first."""
    found = [path.parent for path in home().glob(f"*/{EXPERIMENT}")]
    found.sort(key=lambda path: (path / EXPERIMENT).stat().st_mtime, reverse=True)
    return [Folder(path) for path in found[:EXPERIMENTS_SHOWN]]


def _ends_a_line(file: Path) -> bool:
    with file.open("rb") as opened:
        opened.seek(-1, os.SEEK_END)
        return opened.read(1) == b"\n"
