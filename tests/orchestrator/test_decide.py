"""What a run needs next, from its submission to its one end."""

from dataclasses import replace
from datetime import timedelta

from contracts.control import RunCancelRequested
from contracts.guardrail import AnswerBlocked, AnswerCleared, TaskBlocked
from contracts.history import canonical, digest, prompt
from contracts.model import AttemptFailure, ModelFailed, ModelRequested
from contracts.money import ModelUnfunded
from contracts.run import (
    FOLD_VERSION,
    AnswerProposed,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunStarted,
)
from contracts.shape import Body
from contracts.task import TaskConflicted, TaskLimits
from contracts.tool import ToolRequested
from services.orchestrator.rules import Book
from tests.bodies import (
    NOON,
    VERDICT,
    agent,
    manifest,
    run_started,
    task,
    task_cleared,
)
from tests.histories import History, whole_run
from tests.orchestrator.deciding import BOOK, decided, revoked, said

ORDER = ("find_order", '{"order_id": "1042"}')


def started(*, steps: int = 12) -> History:
    history = History()
    cleared = history.say(task_cleared(), history.say(task()))
    history.say(run_started(manifest(), steps=steps), cleared)
    return history


def test_a_submission_waits_for_its_verdict():
    history = History()
    history.say(task())

    assert decided(history) == ()


def test_a_cleared_task_starts_with_everything_pinned():
    history = History()
    history.say(task_cleared(), history.say(task()))

    [start] = said(history)

    assert isinstance(start, RunStarted)
    assert start.agent_version == agent().version
    assert start.tools == (manifest(),)
    assert start.limits.steps == 12


def test_a_task_only_tightens_the_limits_of_its_agent():
    history = History()
    asked = task().model_copy(update={"limits": TaskLimits(steps=99, budget_usd="0.01")})
    history.say(task_cleared(), history.say(asked))

    [start] = said(history)

    assert start.limits.steps == 12
    assert start.limits.budget_micro_usd == 10_000


def test_a_blocked_task_fails_with_the_reason_of_the_gate():
    history = History()
    blocked = TaskBlocked(rule="pii", policy_version="p-1", reason="a card number")
    history.say(blocked, history.say(task()))

    assert said(history) == [RunFailed(rule="task_blocked", reason="a card number")]


def test_an_unknown_agent_fails_the_run_and_names_the_known_ones():
    history = History()
    history.say(task_cleared(), history.say(task(agent="nobody")))

    [failed] = said(history)

    assert failed.rule == "unknown_agent"
    assert "support" in failed.reason


def test_a_tool_that_is_not_declared_keeps_the_run_from_starting():
    history = History()
    history.say(task_cleared(), history.say(task()))

    [failed] = said(history, book=Book(BOOK.agents, {}))

    assert isinstance(failed, RunFailed)
    assert "find_order" in failed.reason


def test_a_started_run_asks_for_its_first_step_under_the_digest_of_its_prompt():
    history = started()

    [asked] = said(history)

    assert isinstance(asked, ModelRequested)
    assert asked.prompt_sha256 == digest(prompt(history.run))
    assert asked.prompt_bytes == len(canonical(prompt(history.run)))
    assert asked.position == history.facts[-1].sequence


def test_a_requested_step_waits_for_the_ledger_and_the_router():
    history = started()
    history.ask(history.facts[-1])

    assert decided(history) == ()


def test_parallel_calls_are_all_requested_at_once():
    history = started()
    history.step(calls=[ORDER, ORDER])

    asked = said(history)

    assert [(one.index, one.attempt) for one in asked] == [(1, 1), (2, 1)]
    assert all(isinstance(one, ToolRequested) for one in asked)


def test_a_tool_that_the_agent_lacks_is_requested_without_a_manifest():
    history = started()
    history.step(calls=[("wire_money", "{}")])

    [asked] = said(history)

    assert asked.manifest_sha256 is None


def test_the_next_step_waits_for_the_last_result():
    history = started()
    first = history.step(calls=[ORDER, ORDER])
    history.use(first, 2)
    history.call(first, 1)

    assert decided(history) == ()


def test_with_every_result_in_the_next_step_is_asked_for():
    history = started()
    first = history.step(calls=[ORDER, ORDER])
    history.use(first, 2)
    history.use(first, 1)

    [asked] = said(history)

    assert isinstance(asked, ModelRequested)
    assert asked.step == 2


def test_the_step_ceiling_ends_a_loop():
    history = started(steps=1)
    history.use(history.step(calls=[ORDER]))

    [failed] = said(history)

    assert failed.rule == "step_ceiling"
    assert "find_order" in failed.reason


def test_an_answer_is_proposed_and_then_waits_for_its_gate():
    history = started()
    answered = history.step(text="It was shipped.")

    assert said(history) == [AnswerProposed(step=1, text="It was shipped.")]

    history.say(AnswerProposed(step=1, text="It was shipped."), answered)
    assert decided(history) == ()


def test_a_cleared_answer_completes_the_run_as_the_gate_wrote_it():
    history = started()
    proposed = history.say(AnswerProposed(step=1, text="raw"), history.step(text="raw"))
    history.say(AnswerCleared(**VERDICT, text="redacted"), proposed)

    assert said(history) == [RunCompleted(answer="redacted", steps=1)]


def test_a_blocked_answer_fails_the_run():
    history = started()
    proposed = history.say(AnswerProposed(step=1, text="raw"), history.step(text="raw"))
    history.say(AnswerBlocked(**VERDICT), proposed)

    assert said(history)[0].rule == "answer_blocked"


def test_an_unfunded_attempt_ends_the_run_at_its_money_ceiling():
    history = started()
    refused = ModelUnfunded(step=1, attempt=1, rule="budget_exhausted", reason="12 left of 5000")
    history.say(refused, history.ask(history.facts[-1]))

    assert said(history) == [RunFailed(rule="money_ceiling", reason="12 left of 5000", steps=1)]


def test_a_failed_model_ends_the_run_with_its_reason():
    history = started()
    funded = history.fund(history.ask(history.facts[-1]))
    failure = AttemptFailure(kind="unavailable", route=None, reason="503", billed="nothing")
    history.say(ModelFailed(step=1, attempt=1, failure=failure), funded)

    assert said(history)[0].rule == "model_failed"


def test_a_passed_deadline_ends_the_run_and_revokes_what_was_not_claimed():
    history = started()
    history.fund(history.ask(history.facts[-1]))
    late = NOON + timedelta(hours=1)

    assert said(history, late)[0].rule == "deadline_passed"
    assert revoked(history, late) == ["1-1"]


def test_a_cancelled_run_revokes_a_cleared_call_that_nobody_claimed():
    history = started()
    history.clear(history.call(history.step(calls=[ORDER])))
    history.say(RunCancelRequested(principal="olga", reason="wrong", nonce="1"), history.root)

    assert revoked(history) == ["1-1-1"]
    assert said(history) == [RunCancelled(principal="olga", reason="wrong", steps=1)]


def test_what_is_claimed_is_not_revoked():
    history = started()
    history.run_tool(history.clear(history.call(history.step(calls=[ORDER]))))
    history.say(RunCancelRequested(principal="olga", nonce="1"), history.root)

    assert revoked(history) == []


def test_nothing_is_decided_after_the_end():
    history = whole_run()
    history.say(RunCancelRequested(principal="olga", nonce="1"), history.root)

    assert decided(history, NOON + timedelta(days=1)) == ()


def test_a_second_body_under_one_run_id_is_told_and_changes_nothing():
    history = started()
    first = history.facts[0]
    history.repeat(replace(first, body=task("Something else")))

    conflicts = [body for body in said(history) if isinstance(body, TaskConflicted)]

    assert [one.second_sequence for one in conflicts] == [4]
    assert history.run.submitted.body == first.body


def test_a_repeated_submission_decides_nothing_more():
    history = started()
    before = said(history)
    history.repeat(history.facts[0])

    assert [type(body) for body in said(history)] == [type(body) for body in before]


def test_a_run_of_an_unknown_version_waits_for_a_replica_that_knows_it():
    history = History()
    newer = run_started(manifest()).model_copy(update={"fold_version": FOLD_VERSION + 1})
    history.say(newer, history.say(task_cleared(), history.say(task())))

    assert decided(history) == ()


def test_deciding_twice_decides_the_same():
    history = started()
    history.use(history.step(calls=[ORDER]))

    assert decided(history) == decided(history)


def test_every_decision_of_a_whole_run_was_made_by_decide():
    """Replaying a history: at each prefix, what came next from the orchestrator was decided."""
    facts = whole_run().facts
    orchestrated = (RunStarted, ToolRequested, AnswerProposed, RunCompleted)
    for place, fact in enumerate(facts):
        if isinstance(fact.body, orchestrated):
            prefix = History(facts=facts[:place])
            assert type(fact.body) in kinds(said(prefix)), f"at {place}: {fact.type}"


def kinds(bodies: list[Body]) -> set[type[Body]]:
    return {type(body) for body in bodies}


def test_a_late_answer_of_an_earlier_attempt_is_taken_if_it_comes_first():
    history = started()
    asked = history.ask(history.facts[-1])
    history.answer(history.fund(asked), text="It was shipped.")

    assert said(history) == [AnswerProposed(step=1, text="It was shipped.")]
