"""An end that was given up on is assessed when it is redriven."""

from contracts.evaluation import RunEvaluated
from contracts.subjects import ENDS
from services.evaluator.handlers import Desk, assess_run
from shared.bus import Heard
from shared.testing import MemoryBus
from tests.histories import whole_run


async def test_a_run_whose_assessment_was_given_up_is_assessed_when_it_is_redriven():
    bus = MemoryBus()
    bus.given(*(one for one in whole_run().facts if one.type != "run.evaluated"))
    end = next(one for one in bus.facts if one.type in ENDS)
    await assess_run(Heard(end, 20, last=True), bus, Desk())
    assert bus.bodies(RunEvaluated) == []

    await assess_run(Heard(end, 2), bus, Desk())

    assert len(bus.bodies(RunEvaluated)) == 1
