"""The search for the smallest part that still fails."""

from hypothesis import given
from hypothesis import strategies as st

from contracts.suite import Case
from contracts.trial import Stub
from services.evaluator.datasets.blocks import blocks_of, with_blocks
from services.evaluator.datasets.minimising import Minimiser

needed = st.integers(1, 24).flatmap(
    lambda count: st.tuples(st.just(count), st.sets(st.integers(0, count - 1), min_size=1))
)


def minimised(minimiser, fails):
    """Asked to the end; gives what was tried."""
    tried = []
    while (candidate := minimiser.next()) is not None:
        tried.append(candidate)
        minimiser.told(fails(candidate))
    return tried


@given(needed)
def test_where_some_parts_are_needed_just_those_remain(case):
    count, wanted = case
    minimiser = Minimiser(range(count), tries=10_000)

    minimised(minimiser, lambda parts: wanted <= set(parts))

    assert set(minimiser.result) == wanted
    assert minimiser.is_minimal


@given(st.integers(1, 16), st.randoms(use_true_random=False))
def test_whatever_fails_the_result_is_failing_and_no_part_of_it_can_be_left_out(count, random):
    answers = {tuple(range(count)): True}

    def fails(parts):
        return answers.setdefault(parts, random.random() < 0.3)

    minimiser = Minimiser(range(count), tries=100_000)
    minimised(minimiser, fails)

    rest = minimiser.result
    assert answers[rest]
    smaller = [rest[:place] + rest[place + 1 :] for place in range(len(rest))]
    assert not any(answers[parts] for parts in smaller if parts)


@given(needed, st.integers(0, 12))
def test_it_never_asks_more_often_than_it_may_and_keeps_what_fails(case, tries):
    count, wanted = case
    minimiser = Minimiser(range(count), tries=tries)

    tried = minimised(minimiser, lambda parts: wanted <= set(parts))

    assert len(tried) <= tries
    assert wanted <= set(minimiser.result)


@given(needed)
def test_no_candidate_is_empty_or_asked_for_twice(case):
    count, wanted = case

    tried = minimised(Minimiser(range(count)), lambda parts: wanted <= set(parts))

    assert all(tried)
    assert len(set(tried)) == len(tried)


def test_the_same_is_asked_until_it_is_told():
    minimiser = Minimiser("ab")

    assert minimiser.next() == minimiser.next() == ("a",)


def test_of_nothing_and_of_one_part_nothing_is_asked():
    assert Minimiser("").next() is None
    assert Minimiser("a").next() is None
    assert Minimiser("a").result == ("a",)


@given(st.text(st.sampled_from("ab.! \n"), min_size=1, max_size=40).filter(str.strip))
def test_the_blocks_of_a_case_are_the_case(text):
    case = Case(id="a", input=text, stubs=(Stub(tool="find", result=1), Stub(tool="find")))

    assert with_blocks(case, blocks_of(case)) == case


def test_sentences_and_stubs_can_be_left_out():
    case = Case(id="a", input="One. Two!\n\nThree", stubs=(Stub(tool="find", result=1),))

    blocks = blocks_of(case)

    assert len(blocks) == 4
    assert with_blocks(case, blocks[1:3]).input == "Two!\n\nThree"
    assert with_blocks(case, blocks[:1]).stubs == ()


def test_a_case_without_any_input_is_none():
    case = Case(id="a", input="One.", stubs=(Stub(tool="find", result=1),))

    assert with_blocks(case, blocks_of(case)[1:]) is None
