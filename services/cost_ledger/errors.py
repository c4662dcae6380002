"""What can go wrong in the ledger.

LedgerError
├── PriceBookUnusable   a price in the book cannot be read: that model is refused, and it is logged
└── HoldUnsettled       a hold kept changing under us: the delivery is tried again
"""


class LedgerError(Exception):
    """Base of the ledger's own failures."""


class PriceBookUnusable(LedgerError):
    """The price book has something for this model that is no price per token."""

    def __init__(self, route: str, reason: str) -> None:
        super().__init__(f"the price of {route} cannot be used: {reason}; set it in prices.yaml")
        self.route = route


class HoldUnsettled(LedgerError):
    """Too many others changed this hold at the same moment."""

    def __init__(self, hold_id: str, tries: int) -> None:
        super().__init__(f"hold {hold_id} changed under us {tries} times")
        self.hold_id = hold_id
