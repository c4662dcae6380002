"""The outside of the orchestrator: timers, and values that are changed by compare-and-set."""

from .register import MemoryRegister, NatsRegister, Register
from .timers import MemoryTimers, NatsTimers, Timers, run_of_timer, schedule_at

__all__ = [
    "MemoryRegister",
    "MemoryTimers",
    "NatsRegister",
    "NatsTimers",
    "Register",
    "Timers",
    "run_of_timer",
    "schedule_at",
]
