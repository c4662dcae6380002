"""What a call of a tool costs, as its author said when the run started."""

from decimal import ROUND_CEILING

from ..shape import MICRO
from .lineage import is_shadow
from .pinned import pinned
from .state import Run


def price_micro_usd(run: Run, tool: str) -> int:
    """The price of one start of a tool, rounded up to whole micro-dollars.

    Nothing is started for a shadow, and a run that answers a call pays for itself.
    """
    manifest = pinned(run, tool)
    if manifest is None or manifest.agent is not None or is_shadow(run):
        return 0
    return int((manifest.price_usd * MICRO).to_integral_value(rounding=ROUND_CEILING))
