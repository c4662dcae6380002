"""What gate and executor do about an approved call, each for itself."""

from contracts.guardrail import Verdict
from services.guardrail_checker.rules import ToolPolicy, judge_call
from services.tool_executor.rules import Clearance, decide_clearance
from tests.bodies import NOON, tool_cleared
from tests.histories import History
from tests.orchestrator.reviewing import (
    REFUND,
    Asking,
)

POLICY = ToolPolicy()


def gate(history: History, policy: ToolPolicy = POLICY) -> Verdict:
    """What the gate says to the newest request."""
    return judge_call(history.run, history.facts[-1].body, policy, NOON)


def executor(history: History) -> Clearance:
    """What the executor does where the gate was fooled, and cleared the newest request."""
    asked = history.facts[-1]
    body = tool_cleared(asked.body).model_copy(update={"approval_id": asked.body.approval_id})
    cleared = history.say(body, asked)
    return decide_clearance(history.run, cleared, NOON, {REFUND.name: REFUND}, margin_seconds=1.0)


def approved(*, edit: bool = False, quorum: int = 1) -> Asking:
    asking = Asking(quorum=quorum)
    for name in ("lea", "max", "kim")[:quorum]:
        if edit:
            asking.edit(name)
        else:
            asking.answer(name)
    asking.decide()
    return asking
