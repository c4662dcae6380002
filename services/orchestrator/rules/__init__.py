"""What a run needs next: pure decisions over folded runs."""

from .decide import decide
from .moves import Book, Kin, Move, Revoke, Say
from .retrying import retry_moments
from .wake import next_wake

__all__ = ["Book", "Kin", "Move", "Revoke", "Say", "decide", "next_wake", "retry_moments"]
