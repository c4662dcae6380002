"""What may pass: pure verdicts on tool calls, and what findings make of a text."""

from .agents import labels_of_task
from .authority import PolicyError, policies_of
from .claims import named_run, unfounded
from .conditions import ConditionError, holds
from .content import Judged, Tokens, judge_text
from .holding import Hold, hold_of, judge_held
from .policy import ToolPolicy
from .readers import labels_of_result
from .shadow import judge_shadow, labels_of_fork
from .tools import arguments_in, judge_call
from .trust import said_by_user, shown_texts
from .versions import missing_policy, policy_of, policy_version, unjudged

__all__ = [
    "ConditionError",
    "Hold",
    "Judged",
    "PolicyError",
    "Tokens",
    "ToolPolicy",
    "arguments_in",
    "hold_of",
    "holds",
    "judge_call",
    "judge_held",
    "judge_shadow",
    "judge_text",
    "labels_of_fork",
    "labels_of_result",
    "labels_of_task",
    "missing_policy",
    "named_run",
    "policies_of",
    "policy_of",
    "policy_version",
    "said_by_user",
    "shown_texts",
    "unfounded",
    "unjudged",
]
