"""Which tenants are named, and what is whose then."""

import pytest

from contracts.hearings import HEARINGS
from contracts.subjects import EXECUTOR, RUNS
from contracts.tenancy import TENANTS_LIMIT, hearings_of, tenants_in, within


def test_tenants_are_named_with_commas_between_each_once():
    assert tenants_in(" acme, beta,,acme ") == ("acme", "beta")
    assert tenants_in("") == ()


@pytest.mark.parametrize("text", ["acme,*", "a.b", "acme beta", ">"])
def test_a_tenant_that_would_be_more_than_one_is_refused(text):
    with pytest.raises(ValueError, match="must be 1 to 64 of"):
        tenants_in(text)


def test_more_tenants_than_the_engine_lists_streams_are_refused():
    many = ",".join(f"t{number}" for number in range(TENANTS_LIMIT + 1))

    with pytest.raises(ValueError, match="101 tenants are named, of at most 100"):
        tenants_in(many)


def test_without_tenants_everybody_hears_the_log():
    assert hearings_of() == tuple((RUNS, hearing) for hearing in HEARINGS)


def test_with_tenants_the_executor_of_each_hears_its_copy_and_the_others_hear_the_log():
    placed = hearings_of(["acme", "beta"])

    assert [(stream, one.durable) for stream, one in placed if one.service == EXECUTOR] == [
        ("RUNS_acme", "tool_executor-acme"),
        ("RUNS_beta", "tool_executor-beta"),
    ]
    others = [(stream, one) for stream, one in placed if one.service != EXECUTOR]
    assert others == [(RUNS, one) for one in HEARINGS if one.service != EXECUTOR]


def test_a_subject_of_all_tenants_is_narrowed_to_one():
    assert within("acme", "run.*.*.tool.claimed.*") == "run.acme.*.tool.claimed.*"
    assert within("acme", "content.*.*.*.*") == "content.acme.*.*.*"
