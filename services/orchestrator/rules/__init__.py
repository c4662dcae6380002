"""What a run needs next: pure decisions over folded runs."""

from .decide import decide
from .moves import Book, Move, Revoke, Say
from .timing import next_wake

__all__ = ["Book", "Move", "Revoke", "Say", "decide", "next_wake"]
