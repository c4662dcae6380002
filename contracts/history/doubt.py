"""Calls of which nobody knows what an earlier attempt did."""

from ..tool import ToolUnknown
from .state import Call


def is_in_doubt(call: Call) -> bool:
    """Whether nobody knows, or was asked, what an attempt before the last one did."""
    return any(
        one.review is None and one.outcome is not None and isinstance(one.outcome.body, ToolUnknown)
        for one in call.tries[:-1]
    )
