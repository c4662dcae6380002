"""What the doctor itself can be told wrong, or cannot get at.

DoctorError
├── UnknownGroup     a group was named that does not exist: says which there are
├── Unanswered       the log was asked and refused, or said nothing: the check fails
└── Unexaminable     what a check needs is not there: the check is skipped, and says why
    └── NotLetIn     nats-server does not answer a user, or refuses it
"""

from collections.abc import Iterable


class DoctorError(Exception):
    """The root of the family."""


class UnknownGroup(DoctorError):
    """`--only` names a group that does not exist."""

    def __init__(self, unknown: Iterable[str], known: Iterable[str]) -> None:
        self.unknown = tuple(unknown)
        super().__init__(
            f"no group is named {', '.join(map(repr, self.unknown))}: "
            f"choose among {', '.join(known)}"
        )


class Unanswered(DoctorError):
    """NATS let us in, and then the log did not do what it was asked."""

    def __init__(self, said: str) -> None:
        super().__init__(f"the log does not answer: {said}")


class Unexaminable(DoctorError):
    """A check cannot look. The check whose business the cause is tells it as a failure."""


class NotLetIn(Unexaminable):
    """A connection under the key of a user did not come about."""

    def __init__(self, user: str, reason: str) -> None:
        self.user = user
        self.reason = reason
        super().__init__(f"NATS does not let {user} in ({reason}); see the groups nats and keys")
