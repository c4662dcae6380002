"""What is written is read again as it was."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from contracts.scoring import CostAtMost, Effects, Exact, ExpectedCall, Forbidden, Numeric, Regex
from contracts.suite import Case, Source, Suite
from contracts.trial import Stub
from services.evaluator.datasets.parsing import parse_yaml
from services.evaluator.datasets.reading import load_suite, read_cases
from services.evaluator.datasets.writing import cases_jsonl, suite_yaml

FILES = Path(__file__).parent / "files"
# A lone surrogate is no text that a file can hold.
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
arguments = st.none() | st.dictionaries(texts, values, max_size=3)
scorers = st.one_of(
    st.builds(Exact, value=texts, ignore_case=st.booleans()),
    st.builds(Regex, pattern=texts),
    st.builds(Numeric, value=st.decimals(-1000, 1000, places=2)),
    st.builds(CostAtMost, usd=st.decimals("0.01", 10, places=2)),
    st.builds(Effects, calls=st.just(())),
    st.builds(
        Forbidden,
        calls=st.tuples(st.builds(ExpectedCall, tool=st.just("refund"), arguments=arguments)),
    ),
)
stubs = st.builds(Stub, tool=st.just("find"), arguments=arguments, result=values, error=st.none())
written = st.builds(
    Case,
    id=st.just("a"),
    input=texts,
    scorers=st.lists(scorers, max_size=3).map(tuple),
    stubs=st.lists(stubs, max_size=2).map(tuple),
    tags=st.just(("yes", "1042")),
    metadata=st.dictionaries(texts, texts, max_size=2),
    customer=st.none() | texts,
    source=st.none() | st.just(Source(run_id="r-1", step=2)),
)


@given(written)
def test_cases_are_read_as_they_were_written(case):
    found = read_cases(cases_jsonl([case]))

    assert found.problems == []
    assert found.cases == [case]


@given(written)
def test_a_suite_is_read_as_it_was_written(case):
    suite = Suite(name="no", agent="1e3", cases=(case,), scorers=case.scorers)

    assert Suite.model_validate(parse_yaml(suite_yaml(suite))) == suite


def test_a_suite_of_files_is_written_as_one(tmp_path):
    suite = load_suite(FILES / "parcels.yaml")
    path = tmp_path / "whole.yaml"
    path.write_text(suite_yaml(suite))

    assert load_suite(path) == suite


def test_the_same_cases_give_the_same_text():
    cases = load_suite(FILES / "parcels.yaml").cases

    assert cases_jsonl(read_cases(cases_jsonl(cases)).cases) == cases_jsonl(cases)
    assert cases_jsonl(cases).startswith('{"id": "lost", "input": ')
