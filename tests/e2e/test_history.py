"""The bench of long runs in short: on the real platform, under each policy, against little room."""

import pytest

from infra.bench.history import STORED_RATIO_LIMIT, measure_history

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

CALLS = 60
NARROW_BYTES = 48_000  # of the model: 16,000 tokens
AGENTS = {"clear_results": "reader", "summarize": "scribe", "full": "bench-history-full"}


async def test_a_long_run_ends_stores_what_is_new_and_rebuilds_every_prompt(platform):
    """Under `summarize` its summaries pass the ledger and the router as any call of a model."""
    result = await measure_history(platform, CALLS, AGENTS)

    assert result.found == []
    by_policy = {run.policy: run for run in result.runs}
    for run in result.runs:
        assert (run.end, run.calls, run.prompts_wrong) == ("completed", CALLS, 0)
        assert run.prompts_rebuilt == CALLS + 1 + run.summaries
        assert run.unique_bytes > CALLS * 5_000
        assert run.stored_bytes <= STORED_RATIO_LIMIT * (run.unique_bytes + run.envelope_bytes)
    assert by_policy["clear_results"].compactions > 1
    assert by_policy["summarize"].summaries > 1
    assert by_policy["summarize"].compactions == by_policy["summarize"].summaries
    assert (by_policy["full"].compactions, by_policy["full"].summaries) == (0, 0)
    for policy in ("clear_results", "summarize"):
        assert by_policy[policy].largest_prompt_bytes <= NARROW_BYTES
    assert by_policy["full"].largest_prompt_bytes > CALLS * 5_000
