"""Dead letters: what they are, where they lie, and how they are handled again."""

from services.console.dead_letters.box import (
    DeadLetterBox,
    LogDeadLetters,
    MemoryDeadLetters,
    open_dead_letters,
)
from services.console.dead_letters.letters import (
    DeadLetter,
    LetterFilter,
    LetterGroup,
    LetterLine,
    Note,
    group,
    letters_from,
)
from services.console.dead_letters.many import (
    Discarded,
    Pace,
    Redriven,
    discard_many,
    redrive_many,
)
from services.console.dead_letters.redriving import discard, redrive

__all__ = [
    "DeadLetter",
    "DeadLetterBox",
    "Discarded",
    "LetterFilter",
    "LetterGroup",
    "LetterLine",
    "LogDeadLetters",
    "MemoryDeadLetters",
    "Note",
    "Pace",
    "Redriven",
    "discard",
    "discard_many",
    "group",
    "letters_from",
    "open_dead_letters",
    "redrive",
    "redrive_many",
]
