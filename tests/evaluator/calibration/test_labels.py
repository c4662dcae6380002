"""Labels of people, one a line."""

import json

import pytest

from services.evaluator.calibration.labels import agreed, read_labels
from services.evaluator.errors import LabelsInvalid


def line(**changes):
    label = {
        "run_id": "r-1",
        "metric": "truth",
        "passed": True,
        "principal": "anna",
        "at": "2026-03-02T12:00:00Z",
    }
    return json.dumps({**label, **changes})


@pytest.fixture
def read(tmp_path):
    def reading(*lines):
        path = tmp_path / "labels.jsonl"
        path.write_text("\n".join(lines))
        return read_labels(path)

    return reading


def test_labels_are_read_in_their_order(read):
    found = read(line(), "", line(run_id="r-2"), "")

    assert [label.run_id for label in found] == ["r-1", "r-2"]


def test_every_mistake_is_told_with_its_line(read):
    with pytest.raises(LabelsInvalid) as refused:
        read(line(), "{", line(passed="perhaps"), line(at="2026-03-02T12:00:00"), line(by="me"))

    told = str(refused.value).splitlines()
    assert [one.split(": ")[1] for one in told] == ["line 2", "line 3", "line 4", "line 5"]
    assert "passed" in told[1]
    assert "at" in told[2]
    assert "by" in told[3]


def test_of_one_person_the_latest_label_counts(read):
    newer = line(passed=False, at="2026-03-02T13:00:00Z")

    assert agreed(read(newer, line())) == {("r-1", "truth"): False}


def test_where_people_differ_there_is_no_label(read):
    labels = read(line(), line(passed=False, principal="tom"), line(metric="tone"))

    assert agreed(labels) == {("r-1", "tone"): True}
