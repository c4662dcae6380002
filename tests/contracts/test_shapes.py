"""Ids, durations, names and amounts: the small types that everything is made of."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from contracts.agent import Agent
from contracts.hearings import HEARINGS
from contracts.ids import ID_LIMIT, derive_id, root_id
from contracts.shape import Seconds, to_micro_usd
from contracts.subjects import FACTS, filter_of, parse_subject, stream_subjects
from contracts.task import TaskLimits, TaskSubmitted

seconds = TypeAdapter(Seconds)
tokens = st.from_regex(r"\A[A-Za-z0-9_-]{1,64}\Z")


@pytest.mark.parametrize(
    ("written", "meant"),
    [(90, 90), ("90", 90), ("90s", 90), (" 15m ", 900), ("2h", 7200), ("1 d", 86400)],
)
def test_a_duration_is_seconds_or_text_with_a_unit(written, meant):
    assert seconds.validate_python(written) == meant


@pytest.mark.parametrize("written", ["15 minutes", "-1s", "0", 0, "1.5h", "31d", ""])
def test_what_is_no_duration_is_refused(written):
    with pytest.raises(ValidationError):
        seconds.validate_python(written)


@given(tokens, tokens)
def test_the_root_of_a_run_fits_and_is_the_same_each_time(tenant, run_id):
    assert root_id(tenant, run_id) == root_id(tenant, run_id)
    assert len(root_id(tenant, run_id).encode()) <= ID_LIMIT


@given(st.text(max_size=200), st.text(max_size=20), st.text(max_size=200))
def test_a_derived_id_never_outgrows_its_limit(cause, slot, branch):
    assert len(derive_id(cause, slot, branch).encode()) <= ID_LIMIT


def test_a_short_id_can_be_read_and_a_long_one_is_hashed():
    assert derive_id("acme/r-1", "verdict") == "acme/r-1:verdict"
    assert derive_id("acme/r-1", "call", "2-1") == "acme/r-1:call:2-1"
    assert derive_id("x" * 64, "verdict").startswith("~")


def test_siblings_have_ids_of_their_own():
    ids = {derive_id("x" * 64, "call", f"{index}-1") for index in range(1, 100)}

    assert len(ids) == 99


def test_a_cap_is_rounded_down_to_whole_micro_dollars():
    assert to_micro_usd(Decimal("0.20")) == 200_000
    assert to_micro_usd(Decimal("0.0000019")) == 1


def test_a_misspelt_limit_is_a_mistake_that_is_named():
    with pytest.raises(ValidationError, match="budget_eur"):
        TaskSubmitted.model_validate(
            {"agent": "support", "input": "x", "limits": {"budget_eur": 1}}
        )


def test_limits_may_be_written_as_people_write_them():
    limits = TaskLimits.model_validate({"budget_usd": 0.2, "deadline": "15m"})

    assert (limits.budget_micro_usd, limits.deadline) == (200_000, 900)


def test_an_agent_changes_its_version_with_its_content_only():
    agent = Agent(name="support", instructions="Help.")

    assert agent.version == Agent(instructions="Help.", name="support").version
    assert agent.version != Agent(name="support", instructions="Help!").version


@given(tokens, tokens, st.sampled_from(FACTS))
def test_a_subject_is_read_as_it_is_written(tenant, run_id, kind):
    text = f"run.{tenant}.{run_id}.{kind.type}" + (".1-1" if kind.keyed else "")

    assert parse_subject(text).text == text


def test_no_two_subjects_of_the_stream_overlap():
    """The server refuses overlapping filters, and so would every consumer."""
    assert len(set(stream_subjects())) == len(stream_subjects())
    for hearing in HEARINGS:
        assert len(set(hearing.filters)) == len(hearing.filters)
        own = f"run.*.*.run.redriven.{hearing.service}"
        assert set(hearing.filters) - {own} <= {*stream_subjects(), "run.>"}


def test_a_claim_is_heard_under_any_key():
    assert filter_of("model.claimed") == "run.*.*.model.claimed.*"
