"""All SQL of the observer: the rows of the read models, how they are built again, and how they go.

Rows are written by the rules alone (`rules/`): a batch of changes, or the whole of a run's facts.
"""

from .rebuilds import MemoryRebuilds, PostgresRebuilds, Rebuild, Rebuilds
from .rows import MemoryProjection, PostgresProjection, Projection, Rebuilt, Tell, Told

__all__ = [
    "MemoryProjection",
    "MemoryRebuilds",
    "PostgresProjection",
    "PostgresRebuilds",
    "Projection",
    "Rebuild",
    "Rebuilds",
    "Rebuilt",
    "Tell",
    "Told",
]
