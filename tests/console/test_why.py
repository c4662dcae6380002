"""Why a run ended as it did: the deciding fact, what would have changed it, what to do."""

from typing import get_args

import pytest
from typer.main import get_command

from contracts.control import RunCancelRequested, RunParentPaused, RunPaused
from contracts.guardrail import ToolBlocked
from contracts.review import ReviewDecided
from contracts.run import FailureRule, RunCancelled
from services.console.cli import app
from services.console.rules.record import record_of, why
from services.console.rules.record.amounts import dollars
from services.console.rules.record.remedies import REMEDIES
from services.console.rules.record.why import LINKS_LIMIT
from tests.bodies import (
    VERDICT,
    child_stood_still,
    manifest,
    parent_ended,
    pause_requested,
    run_queued,
    task,
    task_cleared,
)
from tests.console.records import (
    blocked_call,
    fell_back,
    no_money,
    out_of_routes,
    over_the_ceiling,
    refused_by_model,
    withheld_answer,
)
from tests.console.stories import asked_run, decided_run
from tests.families import Calling
from tests.histories import History, whole_run


def deciding(found):
    return [(one.type, one.said) for one in found.chain if one.decides]


def commands():
    """Every command that there is, as it is typed."""
    root = get_command(app)
    found = set()
    for name, command in root.commands.items():
        below = getattr(command, "commands", {})
        found |= {f"{name} {one}" for one in below} or {name}
    return found


@pytest.mark.parametrize(
    ("history", "type_", "words", "otherwise"),
    [
        (no_money(), "model.unfunded", "had $0.0001 left", "$0.0049 more in tenant:acme"),
        (out_of_routes(), "model.failed", "No attempt of 1 was answered", "another route"),
        (refused_by_model(), "model.responded", "The model refused", "other instructions"),
        (withheld_answer(), "answer.blocked", "500 stands in no source", "ungrounded of p-1"),
        (over_the_ceiling(), "run.started", "at most 12 steps", "more than 12 steps"),
        (whole_run(), "answer.cleared", "let its answer go", ""),
    ],
    ids=["money", "routes", "refusal", "answer", "ceiling", "completed"],
)
def test_the_fact_that_decided_a_run_is_named(history, type_, words, otherwise):
    found = why(history.run)

    [(said_by, said)] = deciding(found)
    assert said_by == type_
    assert words in said
    assert words in found.verdict
    assert otherwise in found.otherwise


def test_the_chain_goes_from_the_end_back_to_the_task():
    chain = why(fell_back().run).chain

    sequences = [one.sequence for one in chain]
    assert sequences == sorted(sequences, reverse=True)
    assert (chain[0].type, chain[-1].type) == ("run.completed", "task.submitted")
    assert "model.attempt_requested" in [one.type for one in chain]


def test_a_chain_tells_what_bound_each_step_and_in_which_step():
    chain = why(blocked_call().run).chain

    told = {one.type: (one.step, one.said) for one in chain}
    assert told["tool.blocked"] == (
        1,
        "Call 1-2, send_email was refused: it came from outside.",
    )
    assert told["result.cleared"][1].startswith(
        "The result of call 1-1, find_order was changed before it went on: pii: an address"
    )


def test_a_run_that_a_person_ended_says_who_and_why():
    history, _ = asked_run()
    asked = RunCancelRequested(principal="anna", reason="a mistake", nonce="n")
    history.say(asked, history.root)
    history.say(RunCancelled(principal="anna", reason="a mistake", steps=1), history.root)

    found = why(history.run)

    assert deciding(found) == [("run.cancel_requested", "anna asked for its end: a mistake.")]


def test_a_run_that_ended_with_the_one_above_names_it():
    history = History()
    history.begin()
    history.say(parent_ended("r-0"), history.root)
    history.say(RunCancelled(principal="orchestrator", reason="r-0 ended"), history.root)

    found = why(history.run)

    assert deciding(found)[0][0] == "run.parent_ended"
    assert found.next[0].command == "interlock runs show r-0 --why"


def test_a_run_that_expired_names_the_question_that_nobody_answered():
    history, question = asked_run()
    decided = ReviewDecided(
        review_id="1-1-1", outcome="expired", arguments_sha256=question.body.arguments_sha256
    )
    history.say(decided, question)
    history.say(RunCancelled(principal="orchestrator", reason="review expired"), history.root)

    assert deciding(why(history.run))[0][0] == "review.decided"


def test_a_run_that_waits_for_people_says_for_whom_and_how_to_answer():
    found = why(asked_run()[0].run)

    assert found.verdict == ("It waits for support-lead, to answer about call 1-1, issue_refund.")
    assert deciding(found)[0][0] == "review.requested"
    assert [one.command for one in found.next] == ["interlock reviews show r-1.1-1-1"]


def test_a_run_that_waits_for_one_that_it_called_says_what_that_waits_for():
    parent = Calling()
    parent.claim()
    assert "run r-0_1-1-1, to answer call 1-1" in why(parent.run).verdict

    parent.say(child_stood_still("r-0_1-1-1", "1-1"), parent.cleared)

    assert "(run r-0_1-1-1 asks a person about issue_refund)" in why(parent.run).verdict


def test_a_run_that_is_paused_with_its_caller_says_which_run_to_resume():
    history = History()
    history.begin()
    paused = RunParentPaused(parent_run_id="r-0", principal="otto", number=1)
    told = history.say(paused, history.facts[0])
    history.say(RunPaused(scope="parent", principal="otto", number=1), told)

    assert why(history.run).next[0].command == "interlock runs resume r-0"


def test_a_run_that_is_queued_says_for_what():
    history = History()
    cleared = history.say(task_cleared(), history.say(task()))
    history.say(run_queued(), cleared)

    found = why(history.run)

    assert found.verdict == "2 runs of acme are open, as many as may be."


def test_a_run_that_somebody_asked_to_pause_still_has_a_why():
    history = History()
    history.begin(manifest())
    history.say(pause_requested(), history.root)

    assert why(history.run).verdict == "It waits to be judged and started."


def test_a_run_with_more_links_than_one_screen_holds_says_how_many_are_left_out():
    history = History()
    history.begin(manifest())
    before = history.facts[-1]
    for step in range(1, LINKS_LIMIT + 1):
        wanted = history.call(history.step(before, calls=[("find_order", "{}")]))
        before = history.say(ToolBlocked(**VERDICT, call=f"{step}-1", attempt=1), wanted)

    found = why(history.run)

    assert len(found.chain) == LINKS_LIMIT
    assert found.left_out == 2  # the task and the start
    assert found.chain[0].step == LINKS_LIMIT


def test_every_way_to_fail_has_something_to_do_next():
    assert set(REMEDIES) == set(get_args(FailureRule))


@pytest.mark.parametrize("rule", REMEDIES)
def test_what_to_do_next_is_a_command_that_there_is(rule):
    """`doctor` is added by the platform."""
    words = REMEDIES[rule][0].split()

    assert words[0] == "interlock"
    assert " ".join(words[1:3]) in commands() or words[1] == "doctor"


def test_a_step_that_nothing_bound_has_no_reasons():
    assert record_of(whole_run().run, 1).why == ()


def test_a_decision_of_people_binds_its_step():
    reasons = record_of(decided_run("rejected").run, 1).why

    assert [one.rule for one in reasons] == ["needs_person", "review_rejected"]
    assert "rejected by anna@example.org as support-lead after 1.00 s" in reasons[1].sentence


@pytest.mark.parametrize(
    ("micro_usd", "text"),
    [
        (0, "$0.00"),
        (500_000, "$0.50"),
        (212, "$0.000212"),
        (1_234_567, "$1.234567"),
        (-5, "$-0.000005"),
    ],
)
def test_money_has_the_places_that_it_needs(micro_usd, text):
    assert dollars(micro_usd) == text
