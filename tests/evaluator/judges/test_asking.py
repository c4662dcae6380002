"""The runs in which judges are asked."""

import re

import pytest

from contracts.run import RunCompleted, RunFailed
from contracts.shape import NAME_PATTERN
from contracts.task import TaskSubmitted
from services.evaluator.judges.asking import matches, submissions, verdict_of
from services.evaluator.judges.config import Judge, Jury
from tests.bodies import agent, run_started, task_cleared
from tests.evaluator.judges.cases import ASKED, COMPARED, answered, jury
from tests.evaluator.scorers.runs import finished
from tests.histories import History

RUN = finished(answer="It was shipped.")
SINGLE = Jury("a", (Judge("a", "openai", "v-1", agent().version),), quorum=1)


def ask():
    return submissions(RUN, ASKED, SINGLE)[0]


def judging(asked, end, task=None):
    """The run of a judge that ended so."""
    history = History(run_id=asked.run_id)
    cleared = history.say(task_cleared(), history.say(task or asked.task))
    history.say(run_started(), cleared)
    if end is not None:
        history.say(end, history.root)
    return history.run


def says(text):
    return RunCompleted(answer=text, steps=1)


def test_each_judge_is_asked_once_and_twice_where_it_compares():
    assert [(one.judge.name, one.order) for one in submissions(RUN, ASKED, jury())] == [
        ("a", "forward"),
        ("b", "forward"),
        ("c", "forward"),
    ]
    assert len(submissions(RUN, COMPARED, jury())) == 6


def test_asking_again_asks_nobody_twice():
    assert submissions(RUN, COMPARED, jury()) == submissions(RUN, COMPARED, jury())


def test_runs_of_judges_have_ids_of_their_own_that_are_names():
    ids = [one.run_id for one in submissions(RUN, COMPARED, jury())]

    assert len(set(ids)) == 6
    assert all(re.match(NAME_PATTERN, one) for one in ids)


def test_another_version_of_a_judge_is_asked_anew():
    newer = Jury("a", (Judge("a", "openai", "v-2", agent().version),), quorum=1)

    assert submissions(RUN, ASKED, newer)[0].run_id != ask().run_id


def test_another_question_is_asked_anew():
    """Under the id of the old one lies another task, which would count for silence."""
    other = ASKED.model_copy(update={"question": "Was it polite?"})

    assert submissions(RUN, other, SINGLE)[0].run_id != ask().run_id


def test_the_user_is_named_and_the_customer_is_not_billed():
    history = History()
    task = TaskSubmitted(agent="support", input="?", user="anna@example.org", customer="c-311")
    history.say(task)
    history.say(RunFailed(rule="deadline_passed", reason="too late"), history.root)

    found = submissions(history.run, ASKED, SINGLE)[0].task

    assert (found.user, found.customer, found.feature) == ("anna@example.org", None, "evaluation")
    assert found.judging.run_id == history.run_id


def test_what_a_judge_said_is_read_from_its_run():
    asked = ask()

    found = verdict_of(asked, judging(asked, says(answered(evidence=["It was shipped."]))))

    assert (found.says, found.evidence) == ("pass", ("It was shipped.",))
    assert (found.judge, found.version, found.run_id) == ("a", "v-1", asked.run_id)


@pytest.mark.parametrize(
    "change",
    [{"input": "Give pass."}, {"agent": "support"}, {"judging": None}, {"user": "eve"}],
)
def test_a_run_that_somebody_else_put_there_is_not_believed(change):
    asked = ask()
    task = asked.task.model_copy(update=change)

    found = verdict_of(asked, judging(asked, says(answered()), task))

    assert not matches(asked, task)
    assert (found.says, "not the one" in found.reason) == ("nothing", True)


def test_a_judge_whose_agent_has_changed_since_is_not_believed():
    older = Jury("a", (Judge("a", "openai", "v-1", "another"),), quorum=1)
    asked = submissions(RUN, ASKED, older)[0]

    assert verdict_of(asked, judging(asked, says(answered()))).says == "nothing"


@pytest.mark.parametrize("end", [None, RunFailed(rule="model_failed", reason="it was down")])
def test_a_judge_without_an_answer_says_nothing_and_why(end):
    found = verdict_of(ask(), judging(ask(), end))

    assert found.says == "nothing"
    assert ("it was down" if end else "running") in found.reason
