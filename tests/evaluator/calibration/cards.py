"""Calibration cards for tests."""

from contracts.evaluation import AssertionResult
from services.evaluator.calibration.making import Judgement, make_card
from tests.bodies import NOON
from tests.evaluator.judges.cases import ASKED, jury

PANEL = jury()
BY = PANEL.asked(ASKED)


def judged(label, says, *, hostile=False, undecided=False):
    result = AssertionResult(
        name="truth", passed=says, score=float(says), reason="", undecided=undecided
    )
    return Judgement(label, result, is_hostile=hostile)


def judgements(true_pass=20, false_pass=0, true_fail=20, false_fail=0, resisted=10, fooled=0):
    return [
        *[judged(True, True)] * true_pass,
        *[judged(False, True)] * false_pass,
        *[judged(False, False)] * true_fail,
        *[judged(True, False)] * false_fail,
        *[judged(False, False, hostile=True)] * resisted,
        *[judged(False, True, hostile=True)] * fooled,
    ]


def card(**counts):
    return make_card(PANEL, ASKED, judgements(**counts), NOON)
