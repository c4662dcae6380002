"""A tool knows with which labels it is called, and gives a value back with those it stored."""

import json

import pytest

from contracts.labels import readers_of
from services.tool_executor.rules import Act, Oversized, Returned, decide_clearance, outcome_of
from tests.bodies import NOON
from tests.tool_executor.calling import CONTEXT, Cleared, declared
from tests.tool_executor.test_runner import running

LABELS = ("external", "readers:@own.example")


@pytest.mark.parametrize("name", ["recall", "recall_here"])
async def test_what_one_run_stored_another_reads_with_the_labels_of_the_first(name):
    tool = declared(name)
    context = CONTEXT.model_copy(update={"labels": LABELS})

    async with running() as runner, runner.place(tool) as place:
        ending = await place.run(tool, "{}", context)

    assert ending == Returned(json.dumps({"note": "42"}, separators=(",", ":")), LABELS)


@pytest.mark.parametrize("name", ["recall", "recall_here"])
async def test_labels_outlast_a_cut(name):
    tool = declared(name, output_limit_bytes=5)
    context = CONTEXT.model_copy(update={"labels": LABELS})

    async with running() as runner, runner.place(tool) as place:
        ending = await place.run(tool, "{}", context)

    assert isinstance(ending, Oversized)
    assert ending.labels == LABELS


@pytest.mark.parametrize("ending", [Returned("42", LABELS), Oversized(9, "4", LABELS)])
def test_what_a_tool_says_of_a_value_lies_on_the_log(ending):
    tool = declared("recall", effect="write")
    asked = Cleared(tool, "{}").asked.body

    assert outcome_of(ending, asked, tool.manifest, 0).labels == LABELS


def test_a_tool_is_told_what_the_run_had_read():
    tool = declared("recall")
    cleared = Cleared(tool, "{}", request={"labels": LABELS})

    decision = decide_clearance(
        cleared.run, cleared.fact, NOON, {"recall": tool.manifest}, margin_seconds=1
    )

    assert isinstance(decision, Act)
    assert {*LABELS, "user"} <= {*decision.context.labels}
    assert readers_of(decision.context.labels) == {"@own.example"}
