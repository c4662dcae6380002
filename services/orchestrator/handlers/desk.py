"""What the handlers of the orchestrator work with."""

from dataclasses import dataclass

from services.orchestrator.adapters import Timers
from services.orchestrator.handlers.admission import Admission
from services.orchestrator.rules import Book
from shared.service import Handlers

hears = Handlers()


@dataclass(frozen=True)
class Desk:
    """What decisions are made with."""

    book: Book
    timers: Timers
    sweep_seconds: float
    rounds: int
    admission: Admission | None = None
