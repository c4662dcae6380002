"""Exceptions of the SDKs as errors of ours.

Classes are told by name along their bases, so that one table serves both SDKs and every version of
them. A class that nobody listed falls to its base, and at last to its HTTP status.
"""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anthropic import AnthropicError
from openai import OpenAIError

from services.model_router.errors import (
    Billed,
    Denied,
    Invalid,
    Malformed,
    ProviderError,
    RateLimited,
    TimedOut,
    Unavailable,
)

KINDS: dict[str, type[ProviderError]] = {
    "RateLimitError": RateLimited,
    # Raised as rate limits, but no wait of ours will help.
    "ContractSpendLimitReachedError": Denied,
    "EnforcedSpendLimitReachedError": Denied,
    "AuthenticationError": Denied,
    "PermissionDeniedError": Denied,
    "PaymentRequiredError": Denied,
    "CredentialsError": Denied,
    "SubjectTokenProviderError": Denied,
    "WorkloadIdentityError": Denied,
    "BadRequestError": Invalid,
    "NotFoundError": Invalid,
    "PreconditionFailedError": Invalid,
    "ContentTooLargeError": Invalid,
    "UnprocessableEntityError": Invalid,
    "RequestHeaderFieldsTooLargeError": Invalid,
    "ConflictError": Unavailable,
    "ClientClosedRequestError": Unavailable,
    "InternalServerError": Unavailable,
    "APIConnectionError": Unavailable,
    "RetryableError": Unavailable,
    "WebSocketConnectionClosedError": Unavailable,
    "WebSocketQueueFullError": Unavailable,
    "APITimeoutError": TimedOut,
    "RequestTimeoutError": TimedOut,
    "GatewayTimeoutError": TimedOut,
    "APIResponseValidationError": Malformed,
    "APIWebhookValidationError": Malformed,
    "LengthFinishReasonError": Malformed,
    "ContentFilterFinishReasonError": Malformed,
    "StreamAlreadyConsumed": Malformed,
}
SPENT_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
# Refused at the door. After any other 5xx the call may have been worked on.
REFUSED_STATUSES = frozenset({503, 529})
# The request never left, whichever HTTP library the SDK stands on.
NEVER_SENT = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol"})


@asynccontextmanager
async def limited(seconds: float) -> AsyncIterator[None]:
    """Bound a call as a whole, and turn what it raises into errors of ours.

    The SDK's own time limit is one for each read: a server that drips keeps it waiting for ever.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise TimedOut(f"no answer within {seconds:g} s") from None
    except (OpenAIError, AnthropicError) as error:
        raise translated(error) from error
    except ValueError as error:  # JSON that is none, raised by the transport below the SDK
        raise Malformed(f"the answer cannot be read: {error}") from error


def translated(error: Exception) -> ProviderError:
    """The error of ours that an exception of an SDK is."""
    status = getattr(error, "status_code", None)
    kind = kind_of(type(error)) or _kind_of_status(status)
    if getattr(error, "code", None) in SPENT_CODES:
        kind = Denied
    return kind(
        f"{type(error).__name__}: {error}",
        http_status=status if isinstance(status, int) else None,
        retry_after_seconds=_retry_after(error),
        billed=_billed(error, kind, status),
    )


def kind_of(raised: type[BaseException]) -> type[ProviderError] | None:
    """What the class, or the nearest of its bases that is listed, stands for."""
    return next((KINDS[base.__name__] for base in raised.__mro__ if base.__name__ in KINDS), None)


def _kind_of_status(status: object) -> type[ProviderError]:
    if not isinstance(status, int):
        return Invalid
    return Unavailable if status >= 500 else Invalid


def _billed(error: Exception, kind: type[ProviderError], status: object) -> Billed:
    if type(error.__cause__).__name__ in NEVER_SENT:
        return "nothing"
    if kind is Unavailable:
        refused = isinstance(status, int) and (status < 500 or status in REFUSED_STATUSES)
        return "nothing" if refused else "unknown"
    return kind.usually_billed


def _retry_after(error: Exception) -> float | None:
    """Seconds that the provider asks us to wait; None where it does not say, or says a date."""
    headers = getattr(getattr(error, "response", None), "headers", {})
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit
        except ValueError:
            continue
        if math.isfinite(seconds) and seconds >= 0:
            return seconds
    return None
