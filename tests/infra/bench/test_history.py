"""What is content of a run, what is stored twice, and what breaks the promise of a long run."""

from dataclasses import replace

import pytest

from infra.bench.history import PolicyResult, contents_of

KEPT = PolicyResult(
    policy="full",
    end="completed",
    asked=60,
    calls=60,
    stored_bytes=1_000,
    content_bytes=600,
    unique_bytes=600,
    envelope_bytes=400,
    stored_ratio=1.0,
    compactions=0,
    summaries=0,
    prompts_rebuilt=61,
    prompts_wrong=0,
    largest_prompt_bytes=900,
    seconds=1.0,
    ms_per_step_first=1.0,
    ms_per_step_last=1.0,
)


def test_long_strings_are_content_wherever_they_lie():
    long, short = "x" * 65, "y" * 64

    assert list(contents_of({"a": [{"b": long}, short], "c": long})) == [long.encode()] * 2


def test_a_run_that_ends_whole_breaks_nothing():
    assert KEPT.broken() == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"end": "failed"}, "failed after 60 of 60 calls"),
        ({"calls": 53}, "completed after 53 of 60 calls"),
        ({"stored_ratio": 1.101}, "stored 1.101 times what is new, past 1.1"),
        ({"prompts_wrong": 1}, "1 prompts are rebuilt to another digest"),
    ],
)
def test_each_promise_that_is_broken_is_named(change, sentence):
    assert replace(KEPT, **change).broken() == [f"policy full: {sentence}"]
