"""Every form of a report: it says the same, and shows what others wrote as text."""

import io
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from services.evaluator.reporting.figures import plain
from services.evaluator.reporting.html import html
from services.evaluator.reporting.junit import junit
from services.evaluator.reporting.markdown import LIMIT_CHARACTERS, escaped, markdown
from services.evaluator.reporting.terminal import screen, told_gates
from tests.evaluator.comparing.arms import arm, report, result, score

HOSTILE = (
    "<script>alert(1)</script> | **bold** @everyone #12 ![x](http://evil.example/a.png)\n"
    "</details> \x1b[31mred\x00 \u202egnp.exe"
)


def arms(**more):
    """Two arms, of which the second is worse and answers with hostile text."""
    before = arm("before", [True] * 200)
    bad = score("exact", passed=False, reason=f"it says {HOSTILE}")
    after = arm("after", [True] * 160)
    after += [
        result("after", f"c-{at}", passed=False, answer=HOSTILE, scores=(bad,), **more)
        for at in range(160, 200)
    ]
    return report(before, after, gated=True)


def text_of(renderable, width=80):
    out = io.StringIO()
    Console(file=out, width=width, markup=False, highlight=False).print(renderable)
    return out.getvalue()


FORMS = {
    "html": html,
    "terminal": lambda found: text_of(screen(found)),
    "junit": junit,
    "markdown": markdown,
}


@pytest.mark.parametrize("form", FORMS)
def test_a_form_shows_rates_their_intervals_and_what_could_be_seen(form):
    told = FORMS[form](arms())

    assert "80.0 %" in told
    assert "can show a drop of" in " ".join(told.split())
    assert "40" in told


@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_fit_for_its_reader_whatever_an_agent_answered(form):
    told = FORMS[form](arms())

    assert "\x1b" not in told
    assert "\x00" not in told
    assert "\u202e" not in told


def spared():
    """One answer of which a judge was asked, and two that had failed by then; of `tone` none."""
    bad = (score("exact", passed=False),)
    asked = (score("exact", passed=True), score("helpful", passed=True, kind="judged"))
    failed = [
        result("a", f"c-{at}", passed=False, scores=bad, not_asked=("helpful", "tone"))
        for at in (1, 2)
    ]
    return report([result("a", "c-3", passed=True, scores=asked), *failed])


@pytest.mark.parametrize("form", FORMS)
def test_a_form_tells_of_whom_judges_were_not_asked_because_they_had_failed(form):
    told = " ".join(FORMS[form](spared()).replace("\\", "").split())

    assert "2 not asked, failed already" in told
    assert "helpful: not asked, for it had failed already" in told
    assert "no judge of tone was asked; all 2 answers had failed already" in told


def test_the_verdict_comes_first_in_a_pull_request():
    lines = markdown(arms()).splitlines()

    assert lines[2] == "**FAIL**: after in place of before"


def test_markdown_makes_nothing_of_what_an_agent_wrote():
    told = markdown(arms())

    assert "<script" not in told
    assert "![x]" not in told
    assert "@everyone" not in told
    assert told.count("</details>") == 1


def test_a_comment_fits_where_it_is_posted():
    many = report(
        arm("a", [True] * 3000), [result("b", f"c-{n}", passed=False) for n in range(3000)]
    )

    told = markdown(many)

    assert len(told) <= LIMIT_CHARACTERS
    assert "more\n\n</details>" in told


def test_junit_tells_failures_from_what_nobody_can_judge_and_what_never_ran():
    undecided = score("helpful", passed=False, undecided=True, kind="judged")
    found = report(
        [
            result("a", "c-1", passed=True),
            result("a", "c-2", passed=False, scores=(score("exact", passed=False),)),
            result("a", "c-3", None, scores=(undecided,)),
            result("a", "c-4", None, why="refused"),
        ]
    )

    (suite,) = ET.fromstring(junit(found)).findall("testsuite")

    counts = [suite.get(name) for name in ("tests", "failures", "skipped", "errors")]
    assert counts == ["4", "1", "1", "1"]
    (case,) = [one for one in suite.findall("testcase") if one.find("failure") is not None]
    assert case.find("failure").get("message") == "exact: so"


def test_junit_of_hostile_answers_is_still_xml():
    assert ET.fromstring(junit(arms())) is not None


def test_a_terminal_shows_some_failing_cases_and_says_how_many_more():
    assert "and 20 more: --all" in text_of(screen(arms()))
    assert "more: --all" not in text_of(screen(arms(), everything=True))


def test_a_gate_alone_is_its_verdict_and_its_reasons():
    told = " ".join(text_of(told_gates(arms())).split())

    assert told.startswith("FAIL after in place of before fail pass rate: It changed by -20.0")


def test_a_long_text_is_cut_and_says_so():
    assert plain("x" * 1000, 10) == "xxxxxxxxxx… (990 more characters)"
    assert escaped("a_b|c") == r"a\_b\|c"
