"""Which transcripts a report has, and that it says what is missing of them."""

import pytest

from infra.evals import transcripts
from infra.evals.forms import written
from services.console.cli.errors import NOT_FOUND, CommandFailed, not_running
from tests.evaluator.comparing.arms import arm, report

BOTH = report(arm("before", [True, True, False]), arm("after", [True, False, False]))
STEP = {"step": 1, "text": "I look.", "calls": []}


class Platform:
    """Answers about runs, but for those that it has forgotten."""

    def __init__(self, *forgotten):
        self.forgotten = forgotten

    def get(self, path, **_):
        if path.rsplit("/", 1)[-1] in self.forgotten:
            raise CommandFailed("no such run", "look again", NOT_FOUND)
        return {"input": f"asked by {path}", "steps": [STEP]}


@pytest.fixture
def platform(monkeypatch):
    def answers(made):
        monkeypatch.setattr(transcripts, "connect", made)

    return answers


def test_runs_that_failed_come_first_and_then_those_that_passed_where_the_other_arm_did_not():
    assert [one.run_id for one in transcripts.wanted(BOTH)] == [
        *("before-c-2", "after-c-1", "after-c-2"),
        "before-c-1",
    ]


def test_a_report_shows_the_transcripts_of_both_arms_that_differ(platform):
    platform(lambda **_: Platform())

    told = written(BOTH, "html")

    assert "asked by /runs/before-c-1" in told
    assert "asked by /runs/after-c-1" in told
    assert "asked by /runs/before-c-0" not in told


def test_where_nobody_answers_the_report_says_that_transcripts_are_missing(platform):
    def away(**_):
        raise not_running()

    platform(away)

    assert "4 transcripts could not be read: The platform is not running." in written(BOTH, "html")


def test_a_run_that_is_gone_hides_no_other(platform):
    platform(lambda **_: Platform("before-c-2"))

    told, missing = transcripts.transcripts(BOTH)

    assert told["before-c-2"] == ["the platform does not know this run any more"]
    assert len(told["after-c-1"]) == 2
    assert missing == ""


def test_of_more_runs_than_are_shown_the_report_says_how_many(platform):
    platform(lambda **_: Platform())
    many = report(arm("a", [False] * (transcripts.RUNS_SHOWN + 1)))

    told, missing = transcripts.transcripts(many)

    assert len(told) == transcripts.RUNS_SHOWN
    assert missing == "Of 101 transcripts the first 100 are shown."
