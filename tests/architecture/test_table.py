"""The table of subjects is whole: one owner a fact, one worker a request, no row without use."""

import ast
from collections import defaultdict

import pytest

from contracts.hearings import HEARINGS
from contracts.subjects import FACTS, OBSERVER, ORCHESTRATOR, PRODUCER, SERVICES, kind_of
from tests.architecture.sources import modules, parsed

# The observer keeps a record of what it hears, and works on nothing of it.
READERS = {OBSERVER}
# Who answers is a person: the console asks them. Its own owner passes on that the run waits.
ANSWERED_BY_PEOPLE = {"review.requested": ORCHESTRATOR}
# What wakes nobody, with the reason: it is read in the log, by whoever folds the run.
NOT_HEARD = {
    "context.compacted": "the orchestrator's own; who rebuilds a prompt folds it",
    "input.taken": "the orchestrator's own; the router folds it",
    "input.refused": "told to people, from the log",
    "task.conflicted": "its producer listens",
    "model.claimed": "it excludes others; what became of the claim is another fact",
    "tool.calls_refused": "the orchestrator's own; the router folds it",
    "tool.claimed": "it excludes others; what became of the claim is another fact",
    "review.answer_refused": "the console looks for it after an answer",
    "review.escalated": "lists tell who may answer by the question and the clock",
    "run.redriven": "each service hears its own, and handles the fact that it names",
}
# Who else hears a request, and only to wait for it: nobody but the other one works on it.
WAITED_FOR_BY = {"model.attempt_requested": ORCHESTRATOR}  # a deferred one is its timer's, ADR 19
# Facts that no service says yet, with the reason.
NOT_SAID: dict[str, str] = {}


def test_every_type_and_every_body_stands_in_one_row():
    assert len({kind.type for kind in FACTS}) == len(FACTS)
    assert len({kind.body for kind in FACTS}) == len(FACTS)


@pytest.mark.parametrize("kind", FACTS, ids=lambda kind: kind.type)
def test_a_fact_has_one_owner_who_exists(kind):
    assert kind.owner in (*SERVICES, PRODUCER)
    assert kind.owner not in kind.also
    assert set(kind.also) <= set(SERVICES)


def test_no_two_owners_share_a_slot():
    """They could take each other's ids: an id is its cause and its slot."""
    owners = defaultdict(set)
    for kind in FACTS:
        owners[kind.slot].add(kind.owner)

    shared = {slot: sorted(who) for slot, who in owners.items() if len(who) > 1}

    assert not shared, f"give each owner a slot of its own: {shared}"


@pytest.mark.parametrize("type_", [kind.type for kind in FACTS if kind.type.endswith("requested")])
def test_a_request_has_one_service_that_works_on_it(type_):
    workers = {each.service for each in HEARINGS if type_ in each.types} - READERS
    workers -= {WAITED_FOR_BY.get(type_)}

    if type_ in ANSWERED_BY_PEOPLE:
        assert workers == {ANSWERED_BY_PEOPLE[type_]} == {kind_of(type_).owner}
    else:
        assert len(workers) == 1, sorted(workers)


def test_every_heard_type_is_in_the_table():
    for hearing in HEARINGS:
        assert all(kind_of(type_) for type_ in hearing.types)
        assert hearing.service in SERVICES


def test_every_fact_is_heard_by_somebody():
    heard = {type_ for hearing in HEARINGS for type_ in hearing.types}
    facts = {kind.type for kind in FACTS}

    assert heard <= facts
    assert facts - heard == set(NOT_HEARD), "let a service hear it, or say in NOT_HEARD why not"


@pytest.mark.parametrize("kind", FACTS, ids=lambda kind: kind.type)
def test_a_fact_is_said_by_its_owner(kind):
    places = [f"services/{owner}" for owner in (kind.owner, *kind.also) if owner != PRODUCER]
    name = kind.body.__name__

    said = any(_names(path, name) for path in modules(*places))

    assert said or kind.type in NOT_SAID, f"nobody says {kind.type}: write {name} in {places}"
    assert not (said and kind.type in NOT_SAID), f"{kind.type} is said: take it from NOT_SAID"


def _names(path, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(parsed(path)))
