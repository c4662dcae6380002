"""A model provider that plays scripted scenarios over the real wire formats."""

from infra.simulator.server import running_simulator

__all__ = ["running_simulator"]
