"""What keeps the observer from archiving or deleting.

ArchiveError
├── Refused       it may not be done as things are: says why, and what to do
└── Unfinished    begun, and to be gone on with at the next look
"""


class ArchiveError(Exception):
    """Base of the family."""


class Refused(ArchiveError):
    """Nothing was changed."""


class Unfinished(ArchiveError):
    """Something else has to happen first; nothing of what was done is lost."""
