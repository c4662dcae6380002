"""The read model: what each fact changes in it, and how a row takes a change.

Rows only grow: the first submission and the first end in log order stand, steps only rise, the
latest settlement of an attempt counts. So facts may come in any order and any number of times,
and the rows are the same; no fact has to wait for another, and a replay changes nothing.
"""

from .changes import Change, project
from .reviews import advance_review, advanced_reviews
from .runs import advance_run, advanced_runs

__all__ = [
    "Change",
    "advance_review",
    "advance_run",
    "advanced_reviews",
    "advanced_runs",
    "project",
]
