"""The conversation outgrows the model: what is left out, and that it can all be rebuilt."""

import pytest

from contracts.agent import ContextPolicy
from contracts.history import canonical, digest, fold, labels, measure, prompt
from contracts.history.conversation import CLEARED, SUMMARY_GIVEN
from contracts.run import AnswerProposed, RunFailed
from contracts.task import TaskSubmitted
from services.orchestrator.rules.context import BYTES_PER_TOKEN
from tests.orchestrator.long_runs import LongRun

SMALL = 20_000  # tokens
POLICIES = ("window", "clear_results", "summarize")


def played(policy: str, calls: int = 60, context_tokens: int = SMALL, **changes: object) -> LongRun:
    run = LongRun(ContextPolicy(policy=policy, **changes), context_tokens, calls)
    run.end = run.play()
    return run


@pytest.mark.parametrize("policy", POLICIES)
def test_a_long_run_ends_under_every_policy_and_never_outgrows_the_model(policy):
    run = played(policy)

    assert isinstance(run.end.body, AnswerProposed)
    assert run.compactions
    assert max(asked.prompt_bytes for asked in run.asked) <= SMALL * BYTES_PER_TOKEN


@pytest.mark.parametrize("policy", POLICIES)
def test_every_prompt_of_the_past_is_rebuilt_from_the_facts_before_it(policy):
    run = played(policy)

    for asked in run.asked[:: len(run.asked) // 12]:
        then = fold(fact for fact in run.history.facts if fact.sequence <= asked.position)
        if asked.purpose == "step":
            assert digest(prompt(then)) == asked.prompt_sha256
        assert digest(prompt(run.run, asked.step)) == asked.prompt_sha256
        assert len(canonical(prompt(run.run, asked.step))) == asked.prompt_bytes


def test_without_a_policy_a_conversation_that_does_not_fit_is_refused():
    run = played("full")

    assert isinstance(run.end.body, RunFailed)
    assert run.end.body.rule == "context_exceeded"
    assert "policy 'full'" in run.end.body.reason


def test_without_a_policy_a_roomy_model_sees_everything():
    run = played("full", context_tokens=1_000_000)

    assert isinstance(run.end.body, AnswerProposed)
    assert not run.compactions
    last = prompt(run.run, run.asked[-1].step)
    assert len(last.turns) == 1 + 2 * 60


def test_cleared_results_leave_their_calls_in_place():
    run = played("clear_results", keep_steps=4)

    seen = prompt(run.run, run.compactions[0].step)
    texts = [
        part.parts[0].text for turn in seen.turns if turn.role == "tool" for part in turn.parts
    ]
    assert set(texts[:-4]) == {CLEARED}
    assert CLEARED not in texts[-4:]
    assert len([turn for turn in seen.turns if turn.role == "assistant"]) == len(texts)


def test_a_window_keeps_the_task_and_the_newest_steps():
    run = played("window")

    compacted = run.compactions[-1]
    seen = prompt(run.run, compacted.step)
    assert seen.turns[0].parts[0].text == run.said(TaskSubmitted)[0].input
    assert seen.turns[-1].role == "tool"
    assert len(seen.turns) == 1 + 2 * (compacted.step - 1 - compacted.through_step)


def test_a_summary_is_asked_for_by_a_funded_call_that_calls_no_tools():
    run = played("summarize")

    compacted = run.compactions[0]
    asking = run.asked[compacted.summary_step - 1]
    assert asking.purpose == "summary"
    assert prompt(run.run, asking.step).tools == ()
    seen = prompt(run.run, compacted.step)
    assert seen.turns[1].parts[0].text == f"{SUMMARY_GIVEN}Summary at step {asking.step}."


def test_steps_for_summaries_do_not_count_against_the_ceiling():
    run = played("summarize")

    assert run.run.steps_taken == 61
    assert len(run.run.steps) > 61


def test_what_is_not_shown_any_more_still_taints():
    run = played("window")

    assert labels(run.run) == ("tool:find_order", "user")


def test_a_single_result_that_does_not_fit_is_refused_with_both_sizes():
    run = LongRun(ContextPolicy(policy="window"), SMALL, calls=1, result="x" * 100_000)

    end = run.play()

    assert end.body.rule == "context_exceeded"
    assert f"{(SMALL - 1024) * BYTES_PER_TOKEN}" in end.body.reason


def test_a_measure_is_of_the_prompt_itself():
    run = played("clear_results")

    for step in (1, 5, len(run.run.steps)):
        whole = prompt(run.run, step)
        found = measure(run.run, step)
        assert (found.sha256, found.length) == (digest(whole), len(canonical(whole)))
