"""`interlock runs label`, and the split juries of `reviews list`: what is sent and shown."""

import json

import pytest

from services.console.cli.errors import CONFLICT, USAGE
from services.console.cli.splits import NONE
from tests.console.test_cli import fake, interlock

__all__ = ["fake"]
SAID = {"metric": "truthful", "passed": True, "principal": "anna", "at": "2026-03-02T12:00:00Z"}
JURIES = [{"metric": "truthful", "why": "as many pass it as fail it"}]
SPLIT = {
    "tenant": "acme",
    "run_id": "r-1",
    "agent": "support",
    "ended_at": "2026-03-02T12:00:00Z",
    "juries": [*JURIES, {"metric": "polite", "why": "they must be unanimous"}],
}


@pytest.mark.parametrize(("word", "passed"), [("pass", True), ("fail", False)])
def test_a_label_is_sent_with_its_reason(fake, word, passed):
    fake.answer("POST", "/runs/r-1/labels", SAID, status=201)

    done = interlock("runs", "label", "r-1", "truthful", word, "--reason", "I looked it up")

    assert (done.exit_code, done.stdout) == (0, f"r-1  truthful: {word}, says anna\n")
    body = {"metric": "truthful", "passed": passed, "reason": "I looked it up"}
    assert json.loads(fake.asked[-1].content) == body


def test_what_is_no_label_is_not_sent(fake):
    done = interlock("runs", "label", "r-1", "truthful", "perhaps")

    assert done.exit_code == USAGE
    assert "say pass or fail" in done.stderr
    assert not fake.asked


def test_a_refused_label_says_why(fake):
    fake.answer("POST", "/runs/r-1/labels", status=409)

    done = interlock("runs", "label", "r-1", "truthful", "pass")

    assert done.exit_code == CONFLICT
    assert "it is so" in done.stderr


def test_reviews_are_followed_by_how_many_juries_could_not_agree(fake):
    fake.answer("GET", "/reviews", [])
    fake.answer("GET", "/reviews/split", [SPLIT])

    done = interlock("reviews", "list")

    assert done.stdout.splitlines() == [
        "Nobody is asked anything.",
        "Juries that could not agree: 2; see: interlock reviews list --split",
    ]


def test_the_json_of_reviews_is_as_it_was(fake):
    fake.answer("GET", "/reviews", [])

    done = interlock("reviews", "list", "--json")

    assert (done.exit_code, json.loads(done.stdout)) == (0, [])
    assert len(fake.asked) == 1


def test_split_juries_are_listed_by_metric_with_why(fake):
    fake.answer("GET", "/reviews/split", [SPLIT])

    done = interlock("reviews", "list", "--split")
    as_json = interlock("reviews", "list", "--split", "--json")

    assert "as many pass it as fail it" in done.stdout
    assert "they must be unanimous" in done.stdout
    assert json.loads(as_json.stdout) == [SPLIT]


def test_where_every_jury_agrees_it_says_so(fake):
    fake.answer("GET", "/reviews", [])
    fake.answer("GET", "/reviews/split", [])

    assert interlock("reviews", "list", "--split").stdout.strip() == NONE
    assert interlock("reviews", "list").stdout.endswith("Juries that could not agree: 0\n")
