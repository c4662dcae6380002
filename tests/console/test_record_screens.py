"""The screens of the record, against what was looked at and found good, in golden/."""

import io
import os
from pathlib import Path

import pytest
from rich.console import Console

from services.console.cli.record_lines import arguments, content
from services.console.cli.run_markdown import plain, run_markdown
from services.console.cli.step_screen import StepScreen
from services.console.cli.why_screen import WhyScreen
from services.console.rules.record import record_of, whole_record, why, without_content
from services.console.rules.record.amounts import duration
from services.console.rules.record.content import content_of
from tests.console.records import (
    RECORDED,
    blocked_call,
    fell_back,
    no_money,
    recorded,
    refused_by_model,
)
from tests.console.stories import REFUND, asked_run, decided_run
from tests.histories import History

GOLDEN = Path(__file__).parent / "golden"
SCREENS = {
    "record_fallback": lambda: StepScreen(record_of(fell_back().run, 1)),
    "record_review": lambda: StepScreen(record_of(decided_run().run, 1)),
    "record_open": lambda: StepScreen(record_of(asked_run()[0].run, 1)),
    "record_blocked": lambda: StepScreen(record_of(blocked_call().run, 1)),
    "record_why_money": lambda: WhyScreen(why(no_money().run)),
    "record_why_refused": lambda: WhyScreen(why(refused_by_model().run)),
}
WIDTHS = (40, 60, 80, 120)
HOSTILE = "```\n# [click](http://evil) <script> **bold**"


def printed(screen, width=80):
    console = Console(file=io.StringIO(), width=width, color_system=None, markup=False)
    console.print(screen)
    return "".join(f"{line.rstrip()}\n" for line in console.file.getvalue().splitlines())


def same_as_golden(name, text):
    """Written again with INTERLOCK_WRITE_GOLDEN=1; then read the difference."""
    path = GOLDEN / name
    if os.environ.get("INTERLOCK_WRITE_GOLDEN"):
        path.write_text(text, "utf-8")
    return text == path.read_text("utf-8")


@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_is_as_it_was_found_good(name):
    assert same_as_golden(f"{name}.txt", printed(SCREENS[name]()))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_every_recorded_step_has_a_screen_that_fits(path, width):
    run = recorded(path).run()

    screens = [StepScreen(record_of(run, step.number)) for step in run.steps]
    lines = [
        line for one in (*screens, WhyScreen(why(run))) for line in printed(one, width).splitlines()
    ]

    assert lines
    assert all(len(line) <= width for line in lines)


def test_a_timeline_is_as_it_was_found_good():
    history = decided_run()

    assert same_as_golden(
        "record_timeline.md", run_markdown(whole_record(history.run), history.facts)
    )


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_a_timeline_tells_every_fact_and_has_a_heading_for_every_step(path):
    exported = recorded(path)

    text = run_markdown(whole_record(exported.run()), exported.own)

    headings = [line for line in text.splitlines() if line.startswith("## Step")]
    assert len(headings) == len(exported.run().steps)
    assert sum(line.lstrip().startswith("+") for line in text.splitlines()) == len(exported.own)


def test_what_a_run_says_is_never_markdown():
    history = History()
    history.begin(text=HOSTILE)
    history.complete(history.step(text=HOSTILE))

    text = run_markdown(whole_record(history.run), history.facts)

    fences = [line for line in text.splitlines() if line.startswith("```")]
    assert fences == ["```text", "```"] * 2
    outside = "".join(text.split("```text\n")[0])
    assert "<script>" not in outside


def test_words_outside_of_a_fence_are_escaped():
    assert plain("a [link](x)\n`code` <b>") == "a \\[link\\](x) \\`code\\` \\<b>"


def test_a_screen_without_content_shows_digests():
    screen = StepScreen(without_content(record_of(decided_run().run, 1)))

    assert "1042" not in printed(screen)
    assert f"issue_refund([{len(REFUND[1])} B, " in printed(screen)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"order_id":"1042","amount":80}', "order_id=1042, amount=80"),
        ('{"to":["a","b"]}', 'to=["a", "b"]'),
        ("not json", "not json"),
        ("[1]", "[1]"),
        ("{}", ""),
    ],
)
def test_arguments_are_told_as_people_write_them(text, told):
    assert arguments(content_of(text)) == told


def test_long_content_is_cut():
    assert len(content(content_of("x" * 5000))) == 120


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0 ms"),
        (999, "999 ms"),
        (1420, "1.42 s"),
        (125_000, "2 min 5 s"),
        (12_000_000, "3 h 20 min"),
    ],
)
def test_durations_have_the_unit_that_fits(ms, text):
    assert duration(ms) == text
