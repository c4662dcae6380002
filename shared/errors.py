"""What can go wrong between a service and the log.

LogError
├── Again               try this delivery again, later
├── Stale               the run has moved on: fold and decide again
├── LogUnavailable      the log did not answer within the publisher's patience: try again
│   └── LineageBroken   a run that it grew from is not in the log any more
└── LogRefused          the log will never take this: a person must look
ConfigError             a setting, key or file is wrong: say what, where, and what to do
"""


class LogError(Exception):
    """Base of what the log can answer."""


class Again(LogError):
    """Try this delivery again later. Bounded by the deliveries of the consumer."""

    def __init__(self, reason: str, after_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after_seconds = after_seconds


class Stale(LogError):
    """An optimistic append lost: somebody said something of the run in between."""

    def __init__(self, subject: str, expected: int) -> None:
        super().__init__(f"{subject}: the run has moved past sequence {expected}")
        self.subject = subject
        self.expected = expected


class LogUnavailable(LogError):
    """No acknowledgement came, however often the same message was sent."""

    def __init__(self, subject: str, waited_seconds: float, last: str) -> None:
        super().__init__(f"{subject}: no acknowledgement for {waited_seconds:.0f} s ({last})")
        self.subject = subject
        self.waited_seconds = waited_seconds


class LineageBroken(LogUnavailable):
    """The run cannot be rebuilt, for one that it grew from is gone, as far as the log can tell."""

    def __init__(self, subject: str, reason: str) -> None:
        LogError.__init__(self, f"{subject}: {reason}")
        self.subject = subject
        self.waited_seconds = 0.0
        self.reason = reason


class LogRefused(LogError):
    """The stream answered with an error that another attempt cannot change."""

    def __init__(self, subject: str, code: int, description: str) -> None:
        super().__init__(f"{subject}: refused by the log: {description} (code {code})")
        self.subject = subject
        self.code = code


class ConfigError(Exception):
    """Bad configuration. The message names what, where and what to do."""
