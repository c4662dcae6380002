"""What people say of runs: one label a line of a JSONL file.

A person who changes their mind adds a line, and the latest counts. Where people differ the run has
no label, for there is nothing to hold a judge to.
"""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints, ValidationError

from contracts.shape import Token, UtcTime, Written
from contracts.task import Name
from services.evaluator.datasets.files import read_text
from services.evaluator.datasets.parsing import NotParsed, parse_json
from services.evaluator.errors import FileUnusable, LabelsInvalid
from shared.config import describe

LABELS_LIMIT = 100_000
METRIC_LIMIT = 1000

Item = tuple[str, str]  # run id, metric


class Label(Written):
    """What one person says of one metric of one run."""

    run_id: Token
    metric: Annotated[str, StringConstraints(min_length=1, max_length=METRIC_LIMIT)]
    passed: bool
    principal: Name
    at: UtcTime


def read_labels(path: Path) -> tuple[Label, ...]:
    """The labels of a file, in their order; empty lines are passed over.

    Raises:
        FileUnusable: the file cannot be read.
        LabelsInvalid: with the line of every mistake.
    """
    labels: list[Label] = []
    problems: list[str] = []
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            labels.append(Label.model_validate(parse_json(line)))
        except NotParsed as error:
            problems.append(f"line {number}: {error}")
        except ValidationError as error:
            problems.append(f"line {number}: {describe(error)}; correct it")
    if len(labels) > LABELS_LIMIT:
        problems.append(f"{len(labels)} labels, {LABELS_LIMIT} are allowed; split the file")
    if problems:
        raise LabelsInvalid(path, problems)
    return tuple(labels)


def add_label(path: Path, label: Label) -> None:
    """Append a label, as one line.

    Raises:
        FileUnusable: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as opened:
            opened.write(label.model_dump_json() + "\n")
    except OSError as error:
        raise FileUnusable(path, f"it cannot be written: {error.strerror}") from None


def agreed(labels: Iterable[Label]) -> dict[Item, bool]:
    """Whether each run passes each metric, where all who labelled it say the same by now."""
    latest: dict[tuple[str, str, str], Label] = {}
    for label in labels:
        key = (label.run_id, label.metric, label.principal)
        if key not in latest or latest[key].at <= label.at:
            latest[key] = label
    said: dict[Item, set[bool]] = defaultdict(set)
    for label in latest.values():
        said[label.run_id, label.metric].add(label.passed)
    return {item: next(iter(found)) for item, found in said.items() if len(found) == 1}
