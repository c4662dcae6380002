"""The suite that ships: it is read, and the model of the simulator stays within it."""

import json
import re
from pathlib import Path

import pytest

from contracts.scoring import Effects, Exact, Forbidden, Regex
from infra.simulator.conversation import Answered, Asked, Called, Conversation, Returned
from infra.simulator.library import load_scenarios
from infra.simulator.player import Player
from services.evaluator.datasets.reading import load_suite
from shared.config import load_agents

CONFIG = Path(__file__).parents[3] / "infra/config"
SUITE = load_suite(CONFIG / "suites/support.yaml")
AGENT = load_agents(CONFIG)[SUITE.agent]
PLAYER = Player(load_scenarios(Path(__file__).parents[3] / "infra/demo/scenarios"), seed=1)
CHANGES = {"issue_refund", "send_email"}
STEPS_LIMIT = 10


def answered(case, called):
    """What the stub says that fits this call; a call without a stub is refused."""
    arguments = json.loads(called.arguments)
    for stub in (*case.stubs, *SUITE.stubs):
        wanted = (stub.arguments or {}).items()
        if stub.tool == called.tool and wanted <= arguments.items():
            return stub.error or json.dumps(stub.result), stub.error is None
    return "This call was refused.", False


def played(case):
    """The calls of the model, those of them that changed something, and its answer."""
    turns, calls, changes = [Asked(case.input)], [], []
    for _ in range(STEPS_LIMIT):
        asked = Conversation(
            provider="openai",
            api="chat",
            model="gpt",
            system=AGENT.instructions,
            turns=tuple(turns),
            tools=AGENT.tools,
            input_bytes=0,
        )
        reply = PLAYER.perform(asked).reply
        if not reply.calls:
            return calls, changes, reply.text
        wanted = [Called(one.key, one.tool, one.arguments) for one in reply.calls]
        turns.append(Answered(reply.text, tuple(wanted)))
        for one in wanted:
            text, succeeded = answered(case, one)
            turns.append(Returned(one.call_id, text))
            calls.append(one)
            changes += [one] if succeeded and one.tool in CHANGES else []
    raise AssertionError("the model does not come to an end")


def is_expected(call, expected):
    wanted = (expected.arguments or {}).items()
    return call.tool == expected.tool and wanted <= json.loads(call.arguments).items()


def test_the_suite_is_one_of_the_agent_with_critical_cases():
    assert SUITE.agent == "support"
    assert len(SUITE.cases) == 12
    assert any(case.is_critical for case in SUITE.cases)


@pytest.mark.parametrize("case", SUITE.cases, ids=lambda case: case.id)
def test_the_model_of_the_simulator_passes(case):
    calls, changes, answer = played(case)

    for scorer in case.scorers:
        match scorer:
            case Effects():
                assert len(changes) == len(scorer.calls)
                assert all(map(is_expected, changes, scorer.calls))
            case Forbidden():
                assert not any(is_expected(one, no) for one in calls for no in scorer.calls)
            case Regex():
                flags = re.IGNORECASE if scorer.ignore_case else 0
                found = re.search(scorer.pattern, answer, flags) is not None
                assert found is not scorer.absent
            case Exact():
                assert answer == scorer.value
