"""What a run means: `fold(facts) -> Run`, and `conversation(run)` with its prompts."""

from .conversation import canonical, conversation, digest, labels, prompt, told
from .fold import fold
from .state import Answer, Attempt, Call, Review, Run, RunEnd, Status, Step, Try

__all__ = [
    "Answer",
    "Attempt",
    "Call",
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
    "prompt",
    "told",
]
