"""The timeline, against what was looked at and found good: golden/<story>.txt."""

import io
import os
from pathlib import Path

import pytest
from rich.console import Console

from contracts.run import Configuration
from contracts.subjects import FACTS
from services.console.cli.render import timeline
from services.console.rules.words import model_sentences, sentences, standing
from tests.bodies import run_started, task, task_cleared
from tests.console.stories import asked_run, decided_run
from tests.histories import History, whole_run

GOLDEN = Path(__file__).parent / "golden"
TOLD_IN = (sentences, model_sentences, standing)
STORIES = {
    "whole_run": whole_run().facts,
    "waits_for_a_person": asked_run()[0].facts,
    "was_approved": decided_run().facts,
}


def printed(facts, width=150):
    console = Console(file=io.StringIO(), width=width, color_system=None, markup=False)
    console.print(timeline(facts))
    return "".join(f"{line.rstrip()}\n" for line in console.file.getvalue().splitlines())


@pytest.mark.parametrize("story", STORIES)
def test_a_timeline_is_as_it_was_found_good(story):
    """Write it again with INTERLOCK_WRITE_GOLDEN=1, and read the difference."""
    path = GOLDEN / f"{story}.txt"
    if os.environ.get("INTERLOCK_WRITE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(printed(STORIES[story]), "utf-8")

    assert printed(STORIES[story]) == path.read_text("utf-8")


def test_a_run_without_facts_has_a_timeline_too():
    assert printed([]) == "This run has no facts.\n"


def test_a_timeline_fits_a_narrow_terminal():
    assert all(len(line) <= 80 for line in printed(STORIES["whole_run"], width=80).splitlines())


def test_every_kind_of_fact_is_told_in_a_sentence():
    """By name: a kind without a sentence would show its bare type."""
    told = "".join(Path(one.__file__).read_text("utf-8") for one in TOLD_IN)

    untold = [kind.type for kind in FACTS if f"case {kind.body.__name__}(" not in told]

    assert not untold


def test_a_start_is_told_with_the_versions_that_were_in_force():
    parts = {"models": "aaa", "prices": "bbb", "budgets": "ccc", "online": "ddd"}
    started = run_started().model_copy(
        update={"configuration": Configuration(whole="0f3a9c1b2d4e", parts=parts)}
    )

    history = History()
    cleared = history.say(task_cleared(), history.say(task()))

    told = sentences.sentence(history.say(started, cleared))

    assert told.endswith("; configuration 0f3a9c1b2d4e (models aaa, prices bbb, budgets ccc)")
