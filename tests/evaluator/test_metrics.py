"""What the evaluator counts: one assessment for one that it says."""

import pytest

from services.evaluator.handlers import Desk, assess_run
from shared.bus import Heard
from shared.testing import MemoryBus
from tests.counting import counted
from tests.histories import whole_run


@pytest.fixture
def bus():
    bus = MemoryBus()
    bus.given(*whole_run().facts)
    return bus


async def test_an_assessment_is_counted_with_its_score(bus):
    passed = counted("interlock_evaluations_total", agent="support", passed="true")
    score = counted("interlock_evaluation_score_sum", agent="support")

    await assess_run(Heard(bus.facts[-1]), bus, Desk())

    assert (passed.more, score.more) == (1, 1.0)


async def test_a_run_that_was_assessed_is_not_counted_again(bus):
    end = Heard(bus.facts[-1])
    await assess_run(end, bus, Desk())
    passed = counted("interlock_evaluations_total", agent="support", passed="true")

    await assess_run(end, bus, Desk())

    assert passed.more == 0
