"""One module a kind of message: `advancing` (whatever moves a run), `ending`, `standing`.

`firing` hears timers, `rousing` follows up on orders, `returning` on the start of a release.
"""

from services.orchestrator.handlers import ending, standing
from services.orchestrator.handlers.advancing import advance, settle, wake
from services.orchestrator.handlers.desk import Desk, hears
from services.orchestrator.handlers.returning import take_up
from services.orchestrator.handlers.rousing import Rouser

__all__ = ["Desk", "Rouser", "advance", "ending", "hears", "settle", "standing", "take_up", "wake"]
