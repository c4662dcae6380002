"""The outside of the orchestrator: timers."""

from .timers import MemoryTimers, NatsTimers, Timers, run_of_timer, schedule_at

__all__ = [
    "MemoryTimers",
    "NatsTimers",
    "Timers",
    "run_of_timer",
    "schedule_at",
]
