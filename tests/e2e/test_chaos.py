"""A short play of `make chaos`: every promise holds while services are killed around the runs."""

import pytest

from infra.chaos.play import play
from infra.chaos.stage import ChaosOptions, Progress

pytestmark = pytest.mark.timeout(480)  # a lost run is waited for first
RUNS = 15
RECOVERIES = 6
KILLS_PER_MINUTE = 20.0


async def test_every_promise_holds_while_parts_are_killed(tmp_path):
    """On a platform of its own: here even the log and the database are killed."""
    options = ChaosOptions(
        tmp_path / "home",
        runs=RUNS,
        recoveries=RECOVERIES,
        concurrency=RUNS,
        seed=5,
        kills_per_minute=KILLS_PER_MINUTE,
    )

    result = await play(options, Progress(RUNS))

    # Of so few recoveries the p99 is the worst one; the promise is about a hundred.
    assert [sentence for sentence in result.found if not sentence.startswith("slow: ")] == []
    ended = result.completed + sum(result.failed_by_rule.values()) + result.cancelled
    assert ended == result.runs
    assert result.runs > RUNS, "single kills have runs of their own"
    assert result.kills
    assert result.recover_samples >= RECOVERIES
    assert result.recover_seconds_p99 > 0
