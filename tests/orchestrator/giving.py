"""Runs that are given more input, and what then is said and shown."""

from contracts.envelope import Fact
from contracts.history import conversation
from contracts.shape import Body
from services.orchestrator.rules import Revoke, Say
from tests.bodies import (
    NOON,
    input_cleared,
    input_submitted,
    manifest,
    run_started,
    task,
    task_cleared,
    tool_escalated,
)
from tests.histories import History
from tests.orchestrator.deciding import decided

ORDER = ("find_order", '{"order_id": "1042"}')
URGENT = ["interrupt", "rollback"]


def started(*, steps: int = 12) -> History:
    history = History()
    cleared = history.say(task_cleared(), history.say(task()))
    history.say(run_started(manifest(), steps=steps), cleared)
    return history


def give(history: History, policy: str, text: str = "And?", nonce: str = "i-1") -> Fact[Body]:
    """A follow-up that the gate has cleared; gives its clearance."""
    submitted = history.say(input_submitted(policy, text, nonce), history.root)
    return history.say(input_cleared(text), submitted)


def play(history: History) -> list[Body]:
    """Make all moves until nothing is missing; what was said."""
    told: list[Body] = []
    while moves := decided(history):
        for move in moves:
            assert isinstance(move, Say), "revocations are made by hand"
            history.say(move.body, move.cause_id)
            told.append(move.body)
    return told


def revoke(history: History) -> None:
    """Make the first revocation that is wanted."""
    move = next(one for one in decided(history) if isinstance(one, Revoke))
    history.say(move.body, move.cause)


def shown(history: History) -> list[str]:
    """What the user said, as the model sees it at the next step, or at the one asked for last."""
    run = history.run
    turns = (
        conversation(run, len(run.steps)) if run.steps[-1].outcome is None else conversation(run)
    )
    return [part.text for turn in turns if turn.role == "user" for part in turn.parts]


def results(history: History) -> list[str]:
    """What the model was told of the calls of the first step."""
    turns = conversation(history.run, len(history.run.steps))
    parts = (part for turn in turns if turn.role == "tool" for part in turn.parts)
    return [part.parts[0].text for part in parts]


def reviewed() -> tuple[History, Fact[Body]]:
    """A run that waits for a person; gives it and the question."""
    history = started()
    asked = history.call(history.step(calls=[ORDER]))
    history.say(tool_escalated(asked.body), asked)
    [move] = decided(history, NOON)
    return history, history.say(move.body, move.cause_id)
