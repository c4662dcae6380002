"""When the facts of a run may leave the log."""

from datetime import timedelta

import pytest

from contracts.model import ModelClaimed
from contracts.run import RunArchived, RunCancelled
from contracts.shape import sha256_hex
from contracts.tool import ToolUnknown
from services.observer.rules import project
from services.observer.rules.retention import NO_KIN, Kin, NotYet, Ready, may_archive, may_erase
from services.orchestrator.rules import decide
from tests.bodies import DIGEST, NOON, task, tool_claimed
from tests.histories import History, whole_run
from tests.orchestrator.deciding import BOOK
from tests.orchestrator.reviewing import answered, settle

MONTH = timedelta(days=30)
LATER = NOON + timedelta(days=31)
CANCELLED = RunCancelled(principal="anna@example.org", reason="enough")


def verdict(history, kin=NO_KIN, now=LATER):
    return may_archive(history.run, kin, now, MONTH)


def test_a_run_that_ended_a_month_ago_may_go():
    assert verdict(whole_run()) == Ready()


def test_a_run_that_ended_today_stays():
    assert "ended less than" in verdict(whole_run(), now=NOON).reason


def test_an_open_run_stays():
    history = History()
    history.begin()

    assert verdict(history) == may_erase(history.run) == NotYet("it is open; cancel it first")


def test_an_open_hold_keeps_a_run():
    history = History()
    history.fund(history.ask(history.begin()))
    history.say(CANCELLED, history.root)

    assert verdict(history) == NotYet("the hold of attempt 1-1 is open")


def test_an_attempt_that_nobody_may_fund_any_more_keeps_nothing():
    history = History()
    asked = history.ask(history.begin())
    history.say(ModelClaimed(step=1, attempt=1, nonce="n", state="revoked"), asked)
    history.say(CANCELLED, history.root)

    assert verdict(history) == Ready()


def test_a_tool_of_which_nobody_knows_keeps_a_run():
    history = History()
    history.begin()
    cleared = history.clear(history.call(history.step(calls=[("find_order", "{}")])))
    history.say(tool_claimed("1-1", 1), cleared)
    history.say(CANCELLED, history.root)

    assert verdict(history) == NotYet("nobody knows what became of call 1-1")


def test_a_question_that_nobody_has_answered_keeps_a_run_that_is_over():
    history = History()
    history.begin()
    cleared = history.clear(history.call(history.step(calls=[("find_order", "{}")])))
    history.say(tool_claimed("1-1", 1), cleared)
    history.say(CANCELLED, history.root)
    history.say(ToolUnknown(call="1-1", attempt=1, reason="it died"), cleared)
    [question] = settle(history)

    asked = verdict(history)
    arguments = question.arguments_sha256
    told = answered(decision="reject", roles=("operator",), arguments_sha256=arguments)
    history.say(told, history.root)
    settle(history)

    assert asked == NotYet("nobody has answered review 1-1-1: what became of its call")
    assert verdict(history) == Ready()


@pytest.mark.parametrize(
    ("kin", "reason"),
    [
        (Kin(unarchived=("r-2",)), "the log has runs that read it: r-2"),
        (Kin(open_parent="r-0"), "the run that called it is open: r-0"),
    ],
)
def test_who_still_reads_a_run_keeps_it(kin, reason):
    assert verdict(whole_run(), kin) == NotYet(reason)


def test_a_run_that_is_to_be_evaluated_waits_for_that():
    history = whole_run()
    run = history.run
    agent = run.started.body.agent.model_copy(update={"evaluators": ("resolved",)})
    object.__setattr__(run.started.body, "agent", agent)

    assert may_archive(run, NO_KIN, LATER, MONTH) == NotYet("it has not been evaluated")


def tombstone(task_sha256=DIGEST):
    return RunArchived(archive_sha256=DIGEST, facts=3, task_sha256=task_sha256)


def test_a_tombstone_alone_keeps_the_id_taken():
    history = History()
    history.say(tombstone("0" * 64))
    history.say(task("Another one"))

    run = history.run
    assert run.archived
    assert run.submitted is None
    (told,) = decide(run, NOON, BOOK)
    assert told.body.first_sha256 == "0" * 64


def test_the_same_task_sent_again_to_an_archived_run_is_no_conflict():
    history = History()
    same = sha256_hex(task("The same").model_dump_json().encode())
    history.say(tombstone(same))
    history.say(task("The same"))

    assert not history.run.conflicts


def test_a_tombstone_of_an_open_run_is_none():
    history = History()
    history.begin()
    history.say(tombstone(), history.root)

    assert history.run.status == "running"


def test_a_deleted_run_gets_no_row_from_its_tombstone():
    history = History()

    assert project(history.say(tombstone())) == ()
    assert project(history.say(tombstone("0" * 64)))
