"""Runs leave the log: into files when they are old, and for good when people order it.

`archiver` moves one run into a file; `eraser` removes runs with everything that is known of them,
and keeps the proof; `clerk` does both, one after the other, on one observer at a time.
"""

from .archiver import Archiver
from .clerk import Clerk, open_clerk
from .eraser import Eraser
from .files import KeptFiles, kept_files

__all__ = ["Archiver", "Clerk", "Eraser", "KeptFiles", "kept_files", "open_clerk"]
