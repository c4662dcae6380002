"""What the handlers of the ledger work with."""

from dataclasses import dataclass
from typing import Annotated

from faststream import Context

from services.cost_ledger.adapters import PriceBook
from services.cost_ledger.rules.budgets import Budgets
from services.cost_ledger.settings import Settings
from services.cost_ledger.store import LedgerStore
from shared.bus import Bus
from shared.catalogue import Models
from shared.service import Handlers

hears = Handlers()


@dataclass(frozen=True, slots=True)
class Desk:
    """Opened once, when the service starts."""

    store: LedgerStore
    models: Models
    prices: PriceBook
    budgets: Budgets
    settings: Settings


InBus = Annotated[Bus, Context("bus")]
InDesk = Annotated[Desk, Context("desk")]
