"""The budget of an experiment: what is spent, and what open trials may still spend.

A trial is let begin only if its own ceiling fits beside what is spent and what the others may yet
spend; so the budget holds whatever they do.
"""

from threading import Condition


class Purse:
    """Micro-dollars, shared by threads. Without a cap, it only counts."""

    def __init__(self, cap_micro_usd: int | None, spent_micro_usd: int = 0) -> None:
        self.cap_micro_usd = cap_micro_usd
        self.spent_micro_usd = spent_micro_usd
        self._held_micro_usd = 0
        self._changed = Condition()

    def take(self, bound_micro_usd: int) -> bool:
        """Hold so much for a trial, once there is room; False if there never will be."""
        with self._changed:
            while not self._fits(bound_micro_usd):
                if not self._held_micro_usd:
                    return False
                self._changed.wait()
            self._held_micro_usd += bound_micro_usd
            return True

    def settle(self, bound_micro_usd: int, cost_micro_usd: int) -> None:
        """Give back what was held, and count what was spent of it."""
        with self._changed:
            self._held_micro_usd -= bound_micro_usd
            self.spent_micro_usd += cost_micro_usd
            self._changed.notify_all()

    def _fits(self, bound_micro_usd: int) -> bool:
        if self.cap_micro_usd is None:
            return True
        taken = self.spent_micro_usd + self._held_micro_usd
        return taken + bound_micro_usd <= self.cap_micro_usd
