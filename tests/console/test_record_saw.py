"""What the record says a step saw: blocks, labels, the prompt."""

import pytest

from contracts.control import InputTaken
from contracts.history import Run, canonical, prompt
from contracts.shape import sha256_hex
from services.console.rules.record import record_of
from services.console.rules.record.saw import BESIDE_OVER_BYTES
from shared import content
from tests.bodies import DIGEST, input_cleared, input_submitted
from tests.console.records import (
    RECORDED,
    parts,
    pieces_of,
    recorded,
)
from tests.histories import History, whole_run


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_the_blocks_of_a_recorded_step_are_its_prompt(path):
    run = recorded(path).run()

    for step in run.steps:
        saw = record_of(run, step.number).saw
        seen = prompt(run, step.number)
        said = [canonical(one) for turn in seen.turns for one in pieces_of(turn)]
        assert saw.prompt.rebuilt.state == "agrees"
        assert saw.blocks[0].sha256 == sha256_hex(seen.instructions.encode())
        assert parts(saw.blocks[1:], "sha256") == [sha256_hex(one) for one in said]
        assert parts(saw.tools, "name") == [tool.name for tool in seen.tools]


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_the_labels_of_the_blocks_are_those_that_the_gates_go_by(path):
    run = recorded(path).run()

    for step in run.steps:
        saw = record_of(run, step.number).saw
        outside = {"system", "agent", "person"}
        shown = {label for one in saw.blocks for label in one.label.split()} - outside
        assert shown <= set(saw.labels)


def test_a_block_names_the_fact_that_it_was_taken_from():
    saw = record_of(whole_run().run, 2).saw

    assert parts(saw.blocks, "kind") == ["system", "task", "history", "tool_result"]
    assert parts(saw.blocks, "label") == ["system", "user", "agent", "tool:find_order"]
    assert parts(saw.blocks, "sequence") == [3, 2, 7, 13]


def test_a_prompt_that_is_another_one_is_told():
    """The facts of tests have no true digests."""
    rebuilt = record_of(whole_run().run, 1).saw.prompt.rebuilt

    assert rebuilt.state == "differs"
    assert rebuilt.sha256 != DIGEST


def test_more_input_is_a_block_of_the_step_that_it_was_shown_at():
    history = History()
    history.begin()
    given = history.say(input_submitted("interrupt"), history.root)
    cleared = history.say(input_cleared(), given)
    taken = history.say(InputTaken(policy="interrupt", step=1), cleared)
    history.step(taken, text="Both.")

    record = record_of(history.run, 1)

    assert parts(record.saw.blocks, "kind") == ["system", "task", "input"]
    assert parts(record.verdicts, "gate") == ["task", "input"]
    assert record.why[0].rule == "input_interrupt"


def test_a_run_that_grew_from_one_that_is_gone_has_a_record_without_its_prompt():
    [path] = [one for one in RECORDED if one.stem == "forked"]
    run: Run = recorded(path).run()
    run.ancestor = None

    saw = record_of(run, 1).saw

    assert saw.prompt.rebuilt.state == "not_rebuilt"
    assert (saw.blocks, saw.labels) == ((), ())


def test_what_a_fork_inherited_names_the_run_that_it_is_of():
    [path] = [one for one in RECORDED if one.stem == "forked"]

    saw = record_of(recorded(path).run(), 1).saw

    assert {one.run_id for one in saw.blocks[1:]} == {"refund"}


def test_what_lies_beside_the_log_is_told_by_the_same_size():
    assert BESIDE_OVER_BYTES == content.OVER_BYTES
