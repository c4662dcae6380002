"""Errors as each provider words them: status, headers and body."""

from dataclasses import dataclass

from infra.simulator.conversation import Provider
from infra.simulator.faults import Fault, FaultKind
from infra.simulator.wire import Json

DEFAULT_RETRY_AFTER_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Wording:
    """How one provider says one error."""

    status: int
    type: str
    message: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class ErrorReply:
    status: int
    body: Json
    headers: dict[str, str]


WORDINGS: dict[tuple[Provider, FaultKind], Wording] = {
    ("openai", "rate_limited"): Wording(
        429, "requests", "Rate limit reached. Please try again later.", "rate_limit_exceeded"
    ),
    ("openai", "server_error"): Wording(
        500, "server_error", "The server had an error while processing your request."
    ),
    ("openai", "overloaded"): Wording(
        503, "service_unavailable", "The engine is currently overloaded.", "overloaded"
    ),
    ("openai", "auth"): Wording(
        401, "invalid_request_error", "Incorrect API key provided.", "invalid_api_key"
    ),
    ("openai", "bad_request"): Wording(
        400, "invalid_request_error", "The request is not valid.", "invalid_value"
    ),
    ("anthropic", "rate_limited"): Wording(
        429, "rate_limit_error", "This request would exceed your rate limit."
    ),
    ("anthropic", "server_error"): Wording(500, "api_error", "Internal server error"),
    ("anthropic", "overloaded"): Wording(529, "overloaded_error", "Overloaded"),
    ("anthropic", "auth"): Wording(401, "authentication_error", "invalid x-api-key"),
    ("anthropic", "bad_request"): Wording(
        400, "invalid_request_error", "The request is not valid."
    ),
}


def fault_reply(provider: Provider, fault: Fault, request_id: str) -> ErrorReply:
    """The answer of a provider that refuses, with Retry-After where one belongs."""
    wording = WORDINGS[provider, fault.kind]
    wait = fault.retry_after
    if wait is None and fault.kind == "rate_limited":
        wait = DEFAULT_RETRY_AFTER_SECONDS
    headers = {} if wait is None else {"retry-after": f"{wait:g}"}
    return ErrorReply(wording.status, _body(provider, wording, request_id), headers)


def refusal(
    provider: Provider, message: str, request_id: str, kind: FaultKind = "bad_request"
) -> ErrorReply:
    """A refusal with a message of its own."""
    wording = WORDINGS[provider, kind]
    said = Wording(wording.status, wording.type, message, wording.code)
    return ErrorReply(said.status, _body(provider, said, request_id), {})


def id_header(provider: Provider, request_id: str) -> dict[str, str]:
    name = "x-request-id" if provider == "openai" else "request-id"
    return {name: request_id}


def _body(provider: Provider, wording: Wording, request_id: str) -> Json:
    error: Json = {"type": wording.type, "message": wording.message}
    if provider == "anthropic":
        return {"type": "error", "error": error, "request_id": request_id}
    return {"error": error | {"param": None, "code": wording.code}}
