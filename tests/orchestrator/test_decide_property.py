"""Decisions over recorded histories: cut or repeated anywhere, reordered where that is free."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from contracts.envelope import Fact, follow
from contracts.export import Exported, read, read_header
from contracts.history import Run, fold, measure
from contracts.model import ModelRequested
from contracts.shape import Body
from contracts.subjects import ENDS, ORCHESTRATOR, kind_of
from services.orchestrator.rules import Book, Move, Say, decide
from shared.signing import Keyring
from tests.bodies import NOON
from tests.orchestrator.resuming import Resumed

RECORDED = sorted((Path(__file__).parents[1] / "recorded").glob("*.jsonl"))
# Grown from others, or with the answers of others in them: their facts alone are not the whole.
ALONE = [file for file in RECORDED if file.stem not in ("continued", "forked")]
# Of these nobody wanted anything while they ran.
WITHOUT_WISHES = [
    file for file in ALONE if file.stem in ("plain", "refund", "parallel", "ceiling", "handed")
]
NO_BOOK = Book({}, {})


@cache
def exported(file: Path) -> Exported:
    content = file.read_bytes()
    return read(content, Keyring(read_header(content).keys))


def recorded(file: Path) -> tuple[Fact[Body], ...]:
    return exported(file).own


def ends(facts: Iterable[Fact[Body]]) -> list[Body]:
    return [fact.body for fact in facts if fact.type in ENDS]


def prompts(facts: Iterable[Fact[Body]]) -> list[str]:
    """The digests of what the model was shown."""
    return [fact.body.prompt_sha256 for fact in facts if isinstance(fact.body, ModelRequested)]


def decided(facts: list[Fact[Body]]) -> tuple[Move, ...]:
    return decide(fold(facts), facts[-1].time, NO_BOOK)


def renumbered(facts: list[Fact[Body]]) -> list[Fact[Body]]:
    return [replace(fact, sequence=number) for number, fact in enumerate(facts, start=1)]


prefixes = st.sampled_from(ALONE).flatmap(
    lambda file: st.integers(4, len(recorded(file))).map(
        lambda length: renumbered(list(recorded(file)[:length]))
    )
)


@settings(max_examples=200, deadline=None)
@given(prefixes)
def test_a_run_that_was_cut_off_anywhere_is_taken_up_and_says_nothing_twice(facts):
    said = {fact.id for fact in facts}

    for move in decided(facts):
        if isinstance(move, Say):
            assert move.cause_id in said
            assert _id_of(move, facts[0]) not in said


@settings(max_examples=200, deadline=None)
@given(prefixes, st.data())
def test_facts_that_are_stored_twice_decide_nothing_more(facts, data):
    again = data.draw(st.lists(st.sampled_from(facts), min_size=1, max_size=5))

    repeated = renumbered([*facts, *again])

    assert _without_position(decided(repeated)) == _without_position(
        decide(fold(facts), repeated[-1].time, NO_BOOK)
    )


@settings(max_examples=200, deadline=None)
@given(prefixes, st.data())
def test_facts_that_do_not_follow_from_each_other_may_come_in_any_order(facts, data):
    """Between two facts of the orchestrator the others race: whoever wins, it is the same run."""
    free = [at for at in range(len(facts) - 1) if _are_free(*facts[at : at + 2])]
    assume(free)
    at = data.draw(st.sampled_from(free))
    first, second = facts[at : at + 2]

    swapped = renumbered([*facts[:at], second, first, *facts[at + 2 :]])

    one, other = fold(facts), fold(swapped)
    assert _told(one) == _told(other)
    assert _without_position(decide(one, NOON, NO_BOOK)) == _without_position(
        decide(other, NOON, NO_BOOK)
    )


def _id_of(move: Say, first: Fact[Body]) -> str:
    return follow(first.tenant, first.run_id, move.body, cause_id=move.cause_id, time=NOON).id


def _are_free(first: Fact[Body], second: Fact[Body]) -> bool:
    """Neither causes the other, nor are they alternatives, nor decided upon."""
    owners = {kind_of(fact.type).owner for fact in (first, second)}
    return second.cause_id not in (first.id, first.cause_id) and ORCHESTRATOR not in owners


def _told(run: Run) -> tuple[str, str]:
    return (run.status, measure(run).sha256 if run.started is not None else "")


def _without_position(moves: tuple[Move, ...]) -> list[object]:
    """How far the log had been read is no part of what was decided."""
    return [
        (move.cause_id, move.body.model_copy(update={"position": 0}))
        if isinstance(move, Say)
        else move.body
        for move in moves
    ]


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.stem)
def test_a_run_that_was_cut_off_anywhere_comes_to_its_one_end_and_the_same_answer(file):
    facts, ancestor = recorded(file), exported(file).run().ancestor

    for length in range(1, len(facts) + 1):
        log = Resumed.after(facts, length, ancestor).to_rest().log

        assert ends(log) == ends(facts), f"cut off after {length} facts"
        assert prompts(log) == prompts(facts), f"cut off after {length} facts"
        assert sorted(fact.id for fact in log) == sorted(fact.id for fact in facts)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(WITHOUT_WISHES), st.data())
def test_whoever_of_the_others_is_quicker_a_run_that_was_cut_off_ends_the_same(file, data):
    """Nobody wants anything of it while it runs, so that no order of its facts is another run."""
    facts = recorded(file)
    resumed = Resumed.after(facts, data.draw(st.integers(1, len(facts))))
    data.draw(st.randoms()).shuffle(resumed.left)

    log = resumed.to_rest().log

    assert ends(log) == ends(facts)
    assert prompts(log) == prompts(facts)
    assert len({fact.id for fact in log}) == len(log)
