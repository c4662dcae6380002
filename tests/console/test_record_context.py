"""What a step saw, where the conversation has outgrown the model or was taken back."""

import pytest

from contracts.agent import ContextPolicy
from contracts.control import InputTaken
from contracts.history import canonical, prompt
from contracts.shape import sha256_hex
from services.console.rules.record import record_of
from tests.bodies import input_cleared, input_submitted, manifest
from tests.console.records import pieces_of
from tests.histories import History
from tests.orchestrator.long_runs import LongRun

SMALL, CALLS = 20_000, 30


@pytest.fixture(params=["window", "clear_results", "summarize"])
def long_run(request):
    played = LongRun(ContextPolicy(policy=request.param, keep_steps=2), SMALL, CALLS)
    played.play()
    return request.param, played


def test_under_every_policy_the_blocks_of_a_step_are_its_prompt(long_run):
    _, played = long_run

    for step in played.run.steps:
        saw = record_of(played.run, step.number).saw
        turns = prompt(played.run, step.number).turns
        said = [sha256_hex(canonical(one)) for turn in turns for one in pieces_of(turn)]
        assert saw.prompt.rebuilt.state == "agrees"
        assert [block.sha256 for block in saw.blocks[1:]] == said


def test_a_block_says_that_its_text_was_cleared_and_what_took_its_place(long_run):
    policy, played = long_run
    last = record_of(played.run, len(played.run.steps)).saw

    kinds = {block.kind for block in last.blocks}
    cleared = [block.kind for block in last.blocks if block.is_cleared]
    assert last.compactions
    assert (set(cleared) == {"tool_result"}) == (policy == "clear_results")
    assert ("summary" in kinds) == (policy == "summarize")


def test_a_step_that_asks_for_a_summary_offers_no_tools_and_says_what_it_is():
    played = LongRun(ContextPolicy(policy="summarize", keep_steps=2), SMALL, CALLS)
    played.play()
    number = next(step.number for step in played.run.steps if step.is_summary)

    record = record_of(played.run, number)

    assert record.identity.purpose == "summary"
    assert record.saw.tools == ()
    assert record.saw.blocks[-1].kind == "question"


def test_a_compaction_binds_the_step_that_it_was_made_for(long_run):
    _, played = long_run
    step = played.compactions[0].step

    [reason, *_] = record_of(played.run, step).why

    assert "the context policy made room" in reason.sentence


def test_a_rollback_takes_back_what_came_before_it():
    history = History()
    history.begin(manifest())
    early = history.say(input_submitted("interrupt", nonce="i-0"), history.root)
    shown = history.say(InputTaken(policy="interrupt", step=1), history.say(input_cleared(), early))
    history.use(history.step(shown, calls=[("find_order", "{}")]))
    given = history.say(input_submitted("rollback"), history.root)
    cleared = history.say(input_cleared(), given)
    history.step(history.say(InputTaken(policy="rollback", step=2), cleared), text="Both.")

    before, saw = (record_of(history.run, step).saw for step in (1, 2))

    assert [block.kind for block in before.blocks] == ["system", "task", "input"]
    assert [block.kind for block in saw.blocks] == ["system", "task", "input"]
    assert saw.blocks[-1].sequence == cleared.sequence
    assert "tool:find_order" in saw.labels
