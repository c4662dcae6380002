"""One module a kind of message: `advancing` (whatever moves a run), `ending` (ends of runs).

`rousing` follows up on orders.
"""

from services.orchestrator.handlers import ending
from services.orchestrator.handlers.advancing import advance, settle, wake
from services.orchestrator.handlers.desk import Desk, hears
from services.orchestrator.handlers.rousing import Rouser

__all__ = ["Desk", "Rouser", "advance", "ending", "hears", "settle", "wake"]
