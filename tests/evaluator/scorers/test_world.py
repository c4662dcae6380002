"""Rows of a database, held to those that were expected."""

import pytest

from contracts.scoring import Database
from services.evaluator.scorers.world import rows_are

ONE, TWO = {"id": 1, "paid": True}, {"id": 2, "paid": False}


@pytest.mark.parametrize(
    ("found", "in_order", "holds"),
    [
        ([ONE, TWO], True, True),
        ([TWO, ONE], True, False),
        ([TWO, ONE], False, True),
        ([ONE], False, False),
        ([ONE, TWO, TWO], False, False),
        ([{"id": True, "paid": 1}, TWO], False, False),
    ],
)
def test_rows_are_these_and_no_others(found, in_order, holds):
    scorer = Database(database="shop", query="SELECT 1", rows=(ONE, TWO), in_order=in_order)

    assert (rows_are(found, scorer).score == 1.0) is holds
