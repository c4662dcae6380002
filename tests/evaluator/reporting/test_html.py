"""The report as one file: nothing is fetched, nothing runs, and what others wrote stays text."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.evaluator.reporting.drawing import around_zero
from services.evaluator.reporting.html import html
from services.evaluator.reporting.words import difference
from services.evaluator.results import Estimate
from tests.evaluator.comparing.arms import arm, report, result
from tests.evaluator.reporting.test_forms import arms

ALLOWED = """
html head meta title style body h1 h2 h3 p div strong ul li span table thead tbody tr th td svg line
circle fieldset label input details summary section br code ins del
"""
UNCLOSED = {"meta", "br", "input", "line", "circle"}


class Page(HTMLParser):
    """The elements and attributes of a document, which must be nested well."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.open, self.text = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in UNCLOSED:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text.append(data)


def test_it_is_made_of_known_elements_well_nested_whatever_an_agent_answered():
    page = Page(html(arms()))

    assert set(page.tags) <= set(ALLOWED.split())
    assert page.open == []


def test_it_fetches_nothing_and_runs_nothing():
    text = html(arms())
    page = Page(text)

    names = {name for name, _ in page.attributes}
    assert not {name for name in names if name.startswith("on")}
    assert not names & {"src", "href", "style", "action", "srcset"}
    policy = dict(page.attributes)["content"]
    assert "default-src 'none'; style-src 'sha256-" in text
    assert policy
    assert not re.search(r"url\(|@import", text)


def test_a_case_unfolds_to_what_the_candidate_changed():
    before = [result("a", "c-1", passed=True, answer="It was sent on Monday.")]
    after = [result("b", "c-1", passed=False, answer="It was sent on Friday.")]

    text = html(report(before, after))

    assert "<del>Monday</del><ins>Friday</ins>" in text
    assert '<details class="changed">' in text


def test_a_transcript_is_shown_where_it_is_given():
    text = html(report(arm("a", [True])), {"a-c-0": ["calls find_order(<b>)"]})

    assert "calls find_order(&lt;b&gt;)" in text


def test_a_large_report_stays_a_file_that_opens():
    answer = "x" * 50_000
    text = html(report([result("a", f"c-{n}", passed=True, answer=answer) for n in range(2100)]))

    assert "and 100 more: see results.jsonl" in text
    assert len(text) < 12_000_000


@pytest.mark.parametrize(
    ("unit", "value", "side"), [("share", 0.1, "right"), ("usd", 0.1, "left"), ("usd", -1, "right")]
)
def test_better_is_drawn_on_the_right(unit, value, side):
    one = Estimate(value=value, low=value - 0.01, high=value + 0.01, cases=9, method="t", unit=unit)

    place = float(re.search(r'cx="([\d.]+)"', around_zero(one))[1])

    assert (place > 88) is (side == "right")


@given(st.text(alphabet="ab .\n", max_size=60), st.text(alphabet="ab .\n", max_size=60))
def test_a_difference_holds_both_texts(before, after):
    pieces = difference(before, after)

    assert "".join(one.text for one in pieces if one.kind != "gone") == after
    assert "".join(one.text for one in pieces if one.kind != "added") == before
