"""What a run means: `fold(facts) -> Run`, and `conversation(run)` with its prompts."""

from .conversation import Measured, canonical, conversation, digest, labels, measure, prompt
from .fold import fold
from .pinned import pinned
from .standing import ChildWait, Pause
from .state import Answer, Attempt, Call, Input, Review, Run, RunEnd, Status, Step, Try
from .telling import outcome_text, result_text, told

__all__ = [
    "Answer",
    "Attempt",
    "Call",
    "ChildWait",
    "Input",
    "Measured",
    "Pause",
    "Review",
    "Run",
    "RunEnd",
    "Status",
    "Step",
    "Try",
    "canonical",
    "conversation",
    "digest",
    "fold",
    "labels",
    "measure",
    "outcome_text",
    "pinned",
    "prompt",
    "result_text",
    "told",
]
