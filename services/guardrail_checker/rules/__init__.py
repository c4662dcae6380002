"""What may pass: pure verdicts on tool calls, and what findings make of a text."""

from .conditions import ConditionError, holds
from .content import Judged, judge_text
from .policy import ToolPolicy
from .tools import judge_call
from .trust import shown_texts, trusted_texts

__all__ = [
    "ConditionError",
    "Judged",
    "ToolPolicy",
    "holds",
    "judge_call",
    "judge_text",
    "shown_texts",
    "trusted_texts",
]
