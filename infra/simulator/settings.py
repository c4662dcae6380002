"""Every limit and default of the simulator, by name."""

from dataclasses import dataclass

# A constant, so that the same request gets the same bytes on every day: 2026-01-01T00:00:00Z.
CREATED_AT = 1_767_225_600


@dataclass(frozen=True, slots=True)
class SimulatorSettings:
    seed: int = 0
    max_body_bytes: int = 32 * 1024 * 1024
    max_recorded_requests: int = 1_000
    max_armed_faults: int = 100
    max_fault_counters: int = 10_000
    hang_seconds: float = 600.0
    slow_seconds: float = 2.0
    shutdown_seconds: int = 1
    startup_seconds: float = 10.0
