"""All SQL of the console: lists from the read models, and reports over the ledger's view."""

from .outcomes import OutcomeQuery
from .projections import MemoryProjections, PostgresProjections, Projections, RebuildView
from .read_model import DIMENSIONS, MemoryReadModel, PostgresReadModel, ReadModel
from .run_lists import searches
from .run_query import SORTS, Cursor, RunQuery, Sort

__all__ = [
    "DIMENSIONS",
    "SORTS",
    "Cursor",
    "MemoryProjections",
    "MemoryReadModel",
    "OutcomeQuery",
    "PostgresProjections",
    "PostgresReadModel",
    "Projections",
    "ReadModel",
    "RebuildView",
    "RunQuery",
    "Sort",
    "searches",
]
