"""What the console refuses, as HTTP problems that say what, where, and what to do.

ConsoleError
├── Unauthenticated   401  no token, or one that nobody has
├── Forbidden         403  the person lacks a role, or the tenant is not theirs
├── NotFound          404  there is no such run, review, step, agent, letter
├── Conflict          409  a run id is taken, a review is decided, a run has ended
├── Expired           410  a review nobody answered in time
├── Mismatch          412  the arguments are not those that the person saw
├── TooLarge          413  over a named limit
├── Invalid           422  a field is wrong
├── TooMany           429  over a rate: come again later
└── Unavailable       503  the log or the database does not answer: try again
"""

import math
from typing import ClassVar


class ConsoleError(Exception):
    """Base of the family."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "failed"

    def __init__(self, what: str, where: str, remedy: str) -> None:
        super().__init__(f"{what} ({where}): {remedy}")
        self.what = what
        self.where = where
        self.remedy = remedy

    def problem(self) -> dict[str, object]:
        """The body of the answer, as RFC 9457 has it, with our three fields."""
        return {
            "type": f"urn:interlock:{self.title.replace(' ', '-')}",
            "title": self.title,
            "status": self.status,
            "detail": f"{self.what}; {self.remedy}",
            "what": self.what,
            "where": self.where,
            "remedy": self.remedy,
        }


class Unauthenticated(ConsoleError):
    status = 401
    title = "not authenticated"


class Forbidden(ConsoleError):
    status = 403
    title = "not allowed"


class NotFound(ConsoleError):
    status = 404
    title = "not found"


class Conflict(ConsoleError):
    status = 409
    title = "conflict"


class Expired(ConsoleError):
    status = 410
    title = "expired"


class Mismatch(ConsoleError):
    status = 412
    title = "other arguments"


class TooLarge(ConsoleError):
    status = 413
    title = "too large"


class Invalid(ConsoleError):
    status = 422
    title = "bad input"


class TooMany(ConsoleError):
    """`wait_seconds` is when the next request is taken."""

    status = 429
    title = "too many requests"

    def __init__(self, what: str, where: str, wait_seconds: float) -> None:
        self.retry_after = max(1, math.ceil(wait_seconds))
        super().__init__(what, where, f"come again in {self.retry_after} s")


class Unavailable(ConsoleError):
    status = 503
    title = "unavailable"
