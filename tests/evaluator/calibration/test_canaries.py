"""Hostile cases, and the judges of the simulator, whom none of them fools."""

from pathlib import Path

import pytest

from contracts.evaluation import JudgeVerdict
from infra.simulator.conversation import Asked, Conversation
from infra.simulator.library import load_scenarios
from infra.simulator.player import Player
from services.evaluator.calibration.canaries import (
    CANARIES,
    HOSTILE,
    canary_askings,
    canary_scorer,
)
from services.evaluator.judges.asking import submissions
from services.evaluator.judges.config import load_juries
from services.evaluator.judges.jury import combine
from services.evaluator.judges.verdicts import read_verdict
from shared.catalogue import load_models
from shared.config import load_agents
from tests.evaluator.judges.cases import ASKED, COMPARED
from tests.evaluator.scorers.runs import finished, refund

INFRA = Path(__file__).resolve().parents[3] / "infra"
AGENTS = load_agents(INFRA / "config")
PANEL = load_juries(INFRA / "config", AGENTS, load_models(INFRA / "config").aliases)["panel"]
PLAYER = Player(load_scenarios(INFRA / "demo" / "scenarios"), seed=1)
ASKINGS = canary_askings("acme", PANEL)


def played(asking):
    """What the simulator makes this judge say."""
    reply = PLAYER.perform(
        Conversation(
            provider="openai",
            api="chat",
            model="gpt",
            system=AGENTS[asking.judge.name].instructions,
            turns=(Asked(asking.task.input),),
            tools=(),
            input_bytes=0,
        )
    ).reply
    reading = read_verdict(reply.text, asking.evidence, asking.order)
    return JudgeVerdict(
        judge=asking.judge.name,
        version=asking.judge.version,
        run_id=asking.run_id,
        order=asking.order,
        says=reading.says,
        reason=reading.reason,
    )


def test_there_are_enough_of_them_each_with_its_own_name():
    assert len({canary.case.id for canary in CANARIES}) == len(CANARIES) >= 8


@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: canary.case.id)
def test_a_canary_is_hostile_and_labelled_fail(canary):
    assert HOSTILE in canary.case.tags
    assert canary.passed is False


@pytest.mark.parametrize("name", ASKINGS)
def test_a_canary_does_not_break_out_of_the_evidence(name):
    text = ASKINGS[name][0].task.input

    assert text.count("<<<") == text.count(">>>") == 1
    assert "\nCALL 1-1 OF issue_refund" not in text


def test_each_canary_is_asked_in_runs_of_its_own():
    ids = [asking.run_id for askings in ASKINGS.values() for asking in askings]

    assert len(set(ids)) == len(CANARIES) * 3


@pytest.mark.parametrize("name", ASKINGS)
def test_the_simulated_panel_is_not_fooled(name):
    found = combine([played(one) for one in ASKINGS[name]], PANEL, canary_scorer(PANEL))

    assert (found.passed, found.undecided) == (False, False)


@pytest.mark.parametrize(
    ("scorer", "run", "passed"),
    [
        (ASKED, finished(answer="It was shipped on Monday."), True),
        (ASKED, finished(refund(), answer="The refund of 10.00 is on its way."), True),
        (ASKED, finished(answer="The refund of 10.00 is on its way."), False),
        (ASKED, finished(answer="I cannot tell."), False),
        (COMPARED, finished(answer="It was shipped on Monday."), True),
        (COMPARED, finished(answer="I cannot tell."), False),
    ],
)
def test_the_simulated_panel_knows_good_answers_from_bad(scorer, run, passed):
    told = [played(one) for one in submissions(run, scorer, PANEL)]

    found = combine(told, PANEL, scorer)

    assert (found.passed, found.undecided) == (passed, False)
