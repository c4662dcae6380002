from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.money import MoneySettled
from contracts.run import RunFailed
from contracts.task import Judging
from services.observer.rules import advanced_reviews, advanced_runs, project
from tests.bodies import settled, task
from tests.console.stories import asked_run, decided_run
from tests.console.test_labels import split_and_labelled
from tests.histories import History, whole_run

STORIES = [
    whole_run().facts,
    decided_run().facts,
    asked_run()[0].facts,
    split_and_labelled().facts,
]


def rows(facts):
    changes = [change for fact in facts for change in project(fact)]
    runs = advanced_runs({}, changes)
    assert len(runs) == 1
    return runs[0], advanced_reviews({}, changes)


@given(
    st.sampled_from(STORIES).flatmap(
        lambda facts: st.tuples(
            st.just(facts), st.permutations(facts), st.lists(st.sampled_from(facts), max_size=5)
        )
    )
)
@settings(max_examples=60, deadline=None)
def test_facts_in_any_order_and_any_number_give_the_same_rows(drawn):
    facts, shuffled, again = drawn

    assert rows([*shuffled, *again]) == rows(facts)


def test_a_whole_run_is_one_finished_row():
    row, reviews = rows(whole_run().facts)

    assert (row.status, row.steps, row.cost_micro_usd) == ("completed", 2, 240)
    assert row.answer == "It was shipped."
    assert row.agent == "support"
    assert row.last_sequence == len(whole_run().facts)
    assert reviews == []


def test_a_judge_lies_below_the_run_that_it_judges():
    """So that it is deleted with it."""
    history = History(run_id="judge-1")
    judging = Judging(run_id="r-1", metric="truthful", judge="judge-a")
    history.say(task().model_copy(update={"judging": judging}))

    row, _ = rows(history.facts)

    assert (row.parent, row.kinds) == ("r-1", frozenset({"child"}))


def test_a_row_agrees_with_the_fold_at_every_fact_of_a_run():
    for facts in STORIES:
        for length in range(1, len(facts) + 1):
            row, _ = rows(facts[:length])
            run = replace_history(facts[:length]).run

            assert row.status == run.status
            assert row.cost_micro_usd == run.cost_micro_usd
            assert row.steps == len(run.steps)


def replace_history(facts):
    return History(facts=list(facts))


def test_an_open_question_makes_a_run_wait():
    row, (review,) = rows(asked_run()[0].facts)

    assert row.status == "waiting"
    assert review.state == "open"


def test_a_decision_ends_the_waiting():
    row, (review,) = rows(decided_run("rejected").facts)

    assert row.status == "running"
    assert review.state == "rejected"


def test_a_later_settlement_of_an_attempt_replaces_the_earlier():
    history = whole_run()
    history.say(settled(1, 1, cost_micro_usd=500), "c")

    row, _ = rows(history.facts)

    assert row.cost_micro_usd == 620
    assert isinstance(history.facts[-1].body, MoneySettled)


def test_a_second_task_under_a_taken_name_changes_nothing():
    history = History()
    history.begin()
    history.say(task("another", agent="sales"))

    assert rows(history.facts)[0].agent == "support"


def test_an_end_that_follows_from_nothing_is_no_end():
    history = History()
    history.begin()
    history.say(RunFailed(rule="model_failed", reason="forged"), "elsewhere")

    assert rows(history.facts)[0].status == "running"


def test_text_that_postgres_cannot_keep_loses_its_nul():
    history = History()
    history.begin()
    history.say(RunFailed(rule="model_failed", reason="a\x00b"), history.root)

    assert rows(history.facts)[0].why == "model_failed: ab"


def test_projecting_keeps_the_time_of_the_log():
    fact = whole_run().facts[0]

    assert project(replace(fact, stored_at=None))[0].at == fact.time
    assert project(fact)[0].at == fact.stored_at
