"""What a provider can do to a call.

ProviderError           one attempt brought no answer; `kind` is the word of the contract
├── RateLimited         too many calls, or tokens, in too short a time: wait, or go elsewhere
├── Unavailable         it is down, overloaded, or cannot be reached: wait, or go elsewhere
├── TimedOut            no answer within the time limit: it may have worked, and may be billed
├── Invalid             it will never take this call: only another route may
├── Denied              the key, the account or its credit does not reach: only another route may
└── Malformed           something came that is no answer: it may be billed
"""

from typing import ClassVar, Literal

from contracts.model import AttemptFailure, FailureKind, Route

Billed = Literal["nothing", "unknown"]
REASON_LIMIT_CHARACTERS = 500


class ProviderError(Exception):
    """Base. `billed` says what the attempt may have cost."""

    kind: ClassVar[FailureKind]
    usually_billed: ClassVar[Billed] = "nothing"

    def __init__(
        self,
        reason: str,
        *,
        http_status: int | None = None,
        retry_after_seconds: float | None = None,
        billed: Billed | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.http_status = http_status
        self.retry_after_seconds = retry_after_seconds
        self.billed = billed or self.usually_billed

    def failure(self, route: Route) -> AttemptFailure:
        """What is told of it in the log."""
        return AttemptFailure(
            kind=self.kind,
            route=route,
            reason=self.reason[:REASON_LIMIT_CHARACTERS],
            http_status=self.http_status,
            retry_after_seconds=self.retry_after_seconds,
            billed=self.billed,
        )


class RateLimited(ProviderError):
    kind = "rate_limited"


class Unavailable(ProviderError):
    kind = "unavailable"


class TimedOut(ProviderError):
    kind = "timed_out"
    usually_billed = "unknown"


class Invalid(ProviderError):
    kind = "invalid"


class Denied(ProviderError):
    kind = "denied"


class Malformed(ProviderError):
    kind = "malformed"
    usually_billed = "unknown"
