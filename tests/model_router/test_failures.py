"""Every exception of both SDKs is an error of ours."""

import anthropic
import openai
import pytest

from services.model_router.adapters.failures import KINDS, kind_of, limited, translated
from services.model_router.errors import (
    Denied,
    Invalid,
    Malformed,
    ProviderError,
    RateLimited,
    TimedOut,
    Unavailable,
)

# They tell of a client that was built or used wrongly: nothing of it can be raised by a call of
# ours, and if it is, it is an `Invalid` like any other mistake of the caller.
OF_THE_CALLER = {
    "OpenAIError",
    "AnthropicError",
    "APIError",
    "APIStatusError",
    "APIRemovedInV1",
    "MutuallyExclusiveAuthError",
    "_AmbiguousModuleClientUsageError",
    "MissingDependencyError",
    "ToolsetUsageError",
    "ToolsetConfigError",
    "ToolsetContractError",
    "ToolsetsFixedError",
    "ToolsetClosedError",
    "InvalidWebhookSignatureError",
}


def classes(root):
    return {root}.union(*(classes(each) for each in root.__subclasses__()))


def every_class():
    found = classes(openai.OpenAIError) | classes(anthropic.AnthropicError)
    return sorted(found, key=lambda each: (each.__module__, each.__name__))


@pytest.mark.parametrize("raised", every_class(), ids=lambda each: each.__name__)
def test_an_exception_class_of_an_sdk_is_one_of_ours(raised):
    assert kind_of(raised) is not None or raised.__name__ in OF_THE_CALLER, (
        f"{raised.__module__}.{raised.__name__} is new: add it to KINDS in adapters/failures.py"
    )


def test_every_row_of_the_table_is_met_by_some_class():
    names = {base.__name__ for each in every_class() for base in each.__mro__}

    assert KINDS.keys() <= names


class Response:
    """What both SDKs read of a response, whichever library it came from."""

    def __init__(self, status, headers=()):
        self.status_code, self.headers, self.request = status, dict(headers), None


def raised(sdk, name, status, headers=(), body=None):
    return getattr(sdk, name)("sentence", response=Response(status, headers), body=body)


TABLE = [
    (openai, "RateLimitError", 429, RateLimited, "nothing"),
    (openai, "BadRequestError", 400, Invalid, "nothing"),
    (openai, "AuthenticationError", 401, Denied, "nothing"),
    (openai, "InternalServerError", 500, Unavailable, "unknown"),
    (openai, "InternalServerError", 503, Unavailable, "nothing"),
    (openai, "APIStatusError", 418, Invalid, "nothing"),
    (anthropic, "OverloadedError", 529, Unavailable, "nothing"),
    (anthropic, "GatewayTimeoutError", 504, TimedOut, "unknown"),
    (anthropic, "EnforcedSpendLimitReachedError", 429, Denied, "nothing"),
    (anthropic, "PaymentRequiredError", 402, Denied, "nothing"),
    (anthropic, "ContentTooLargeError", 413, Invalid, "nothing"),
]


@pytest.mark.parametrize(("sdk", "name", "status", "kind", "billed"), TABLE)
def test_a_status_says_what_failed_and_what_it_may_have_cost(sdk, name, status, kind, billed):
    error = translated(raised(sdk, name, status))

    assert type(error) is kind
    assert (error.billed, error.http_status) == (billed, status)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_a_wait_is_read_where_it_is_a_number_of_seconds(headers, seconds):
    error = translated(raised(openai, "RateLimitError", 429, headers))

    assert error.retry_after_seconds == seconds


def test_a_spent_quota_is_no_rate_limit():
    body = {"code": "insufficient_quota", "type": "insufficient_quota"}

    assert type(translated(raised(openai, "RateLimitError", 429, body=body))) is Denied


async def test_a_call_that_cannot_be_read_is_malformed():
    with pytest.raises(Malformed):
        async with limited(1):
            raise ValueError("Expecting value")


def test_each_kind_of_ours_is_one_of_the_contracts():
    kinds = {each.kind for each in ProviderError.__subclasses__()}

    assert kinds == {
        "rate_limited",
        "unavailable",
        "timed_out",
        "invalid",
        "denied",
        "malformed",
    }
