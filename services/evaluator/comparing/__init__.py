"""What follows from the results of trials: summaries of arms, their differences, and the gate."""

from .compare import compare
from .gate import gate, worst
from .quarantine import BadDate

__all__ = ["BadDate", "compare", "gate", "worst"]
