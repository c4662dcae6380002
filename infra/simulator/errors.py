"""What can go wrong in the simulator itself.

SimulatorError
|-- ScenarioInvalid     a scenario file cannot be played: fix the file and start again
`-- RequestRefused      a request the real provider would refuse with 400, or a scenario that
                        cannot answer it: never worth a retry
"""

from pathlib import Path


class SimulatorError(Exception):
    """The simulator cannot do what it was asked."""


class ScenarioInvalid(SimulatorError):
    """One scenario file (or folder) and everything that is wrong with it."""

    def __init__(self, file: Path, problems: list[str]) -> None:
        self.file = file
        self.problems = problems
        super().__init__("\n".join(f"{file}: {problem}" for problem in problems))


class RequestRefused(SimulatorError):
    """Answered to the client as the provider's own 400."""
