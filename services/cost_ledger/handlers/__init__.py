"""One module a kind of message: `funding` (requests), `settling` (outcomes), `ending` (ends)."""

from services.cost_ledger.handlers import ending, funding, settling
from services.cost_ledger.handlers.desk import Desk, hears

__all__ = ["Desk", "ending", "funding", "hears", "settling"]
