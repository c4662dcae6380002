"""How a command fails: a sentence, what to do, and an exit code that scripts can rely on."""

FAILED, USAGE, NOT_FOUND, CONFLICT, DENIED = 1, 2, 3, 4, 5


class CommandFailed(Exception):
    """A command that did not do what was asked."""

    def __init__(self, what: str, remedy: str, exit_code: int = FAILED) -> None:
        super().__init__(f"{what} {remedy}")
        self.what = what
        self.remedy = remedy
        self.exit_code = exit_code


class Unreachable(CommandFailed):
    """Nobody answers, or not any more: asking again may help."""


def not_running() -> Unreachable:
    """No endpoint is named, or nobody answers there."""
    return Unreachable(
        "The platform is not running.",
        "start it with: interlock dev  (or set INTERLOCK_URL and INTERLOCK_TOKEN)",
    )
