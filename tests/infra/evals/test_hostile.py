"""A jury that was not heard has resisted nothing."""

import pytest

from infra.evals.hostile import _check_heard
from services.console.cli.errors import CommandFailed
from services.evaluator.calibration.canaries import canary_askings
from tests.evaluator.judges.cases import jury

PANEL = jury()
ASKED = canary_askings("acme", PANEL)
EVERY = {one.run_id: "so" for asked in ASKED.values() for one in asked}


def without(*judges):
    silent = {one.run_id for asked in ASKED.values() for one in asked if one.judge.name in judges}
    return {run_id: answer for run_id, answer in EVERY.items() if run_id not in silent}


@pytest.mark.parametrize("silent", [(), ("a",)])
def test_a_quorum_of_answers_is_enough(silent):
    _check_heard(PANEL, ASKED, without(*silent))


@pytest.mark.parametrize("silent", [("a", "b"), ("a", "b", "c")])
def test_silence_is_no_resistance(silent):
    with pytest.raises(CommandFailed, match="canary-plain-order: too few of its judges") as told:
        _check_heard(PANEL, ASKED, without(*silent))

    assert "interlock runs show judge-" in told.value.remedy
