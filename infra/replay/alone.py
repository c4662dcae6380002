"""What the facts of one run explain by themselves, and what came of something else.

Kin, the orders in force and the places of admission are in no history of one run.
"""

from contracts.control import RunPaused, RunResumed
from contracts.envelope import Fact
from contracts.guardrail import TaskBlocked
from contracts.history import Run
from contracts.model import ModelClaimed
from contracts.run import RunCancelled, RunFailed, RunStarted
from contracts.shape import Body
from contracts.subjects import ORCHESTRATOR, kind_of
from contracts.tool import ToolClaimed
from services.orchestrator.rules.overdue import OVERDUE
from services.orchestrator.rules.reviews import cancelled_by_expiry
from services.orchestrator.rules.revoking import REVOKED

# Said by a handler about another run, or because of what no history holds: who else was open.
NOT_DECIDED = (
    "run.parent_ended",
    "run.parent_paused",
    "run.parent_resumed",
    "run.child_stood_still",
    "run.child_went_on",
    "run.queued",
)
# Pauses that follow from facts of the run itself.
OF_THE_RUN = frozenset({"run", "parent"})


def is_decided(fact: Fact[Body]) -> bool:
    """Whether the orchestrator decided upon it: its facts, and the claims that it takes back."""
    match fact.body:
        case ModelClaimed(state="revoked", nonce=nonce) | ToolClaimed(state="revoked", nonce=nonce):
            return nonce in (REVOKED, OVERDUE)
        case _:
            kind = kind_of(fact.type)
            return kind.owner == ORCHESTRATOR and not kind.begins


def explains_itself(fact: Fact[Body], run: Run) -> bool:
    """Whether the facts before it, and its time, are all that it was decided by."""
    match fact.body:
        case RunPaused(scope=scope):
            return scope in OF_THE_RUN
        case RunResumed():
            return run.pause is not None and run.pause.paused.body.scope in OF_THE_RUN
        case RunStarted(ancestor=ancestor, parents=parents):
            return ancestor is None and not parents
        case RunFailed(rule="stopped"):
            return False  # by an order
        case RunFailed() if run.started is None:
            # A task that was cleared, and then did not start, failed by its kin or by an order.
            return run.verdict is None or isinstance(run.verdict.body, TaskBlocked)
        case RunCancelled():
            asked = run.cancel is not None or run.parent_ended is not None
            return asked or cancelled_by_expiry(run) is not None
        case _:
            return fact.type not in NOT_DECIDED


def is_known(run: Run, start: Fact[RunStarted] | None) -> bool:
    """Whether these facts are all that the run would be decided by here; `start` is its own."""
    if run.started is None:
        return start is not None and explains_itself(start, run)
    return run.pause is None or run.pause.paused.body.scope in OF_THE_RUN
