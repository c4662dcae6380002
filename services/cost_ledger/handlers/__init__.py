"""`funding` (requests), `settling` (outcomes), `calls` (both, of tools), `ending` (ends)."""

from services.cost_ledger.handlers import calls, ending, funding, settling
from services.cost_ledger.handlers.desk import Desk, hears

__all__ = ["Desk", "calls", "ending", "funding", "hears", "settling"]
