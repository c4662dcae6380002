"""Structured logs: an event name and flat fields, one JSON object a line, and no secrets.

What a service is handling is bound to every line by its delivery: tenant, run, fact, trace. Texts
are cleaned and cut: whatever a library put into the message of an exception may be anything.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from shared.redaction import redact
from shared.telemetry.log_export import keep_for_export

TEXT_LIMIT_CHARS = 4096  # of one field; a stack fits
MASKED = "[redacted:by_name]"
_SECRET_NAMES = ("token", "secret", "password", "authorization", "api_key", "nkey", "seed", "dsn")
# What they hold is a count, a name or a file of ours, whatever it sounds like.
_PLAIN_NAMES = frozenset({"tokens", "tokens_file", "max_output_tokens"})
_OURS = frozenset({"event", "level", "timestamp", "service", "trace_id", "span_id"})

Event = MutableMapping[str, Any]


def start_logging(service: str, level: str) -> None:
    """Log to standard error, one JSON object a line, with the service in each."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            cleaned,
            keep_for_export,
            structlog.processors.JSONRenderer(default=str),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)


def cleaned(_logger: object, _method: str, event: Event) -> Event:
    """The fields without credentials, and none of them longer than the limit."""
    for name, value in event.items():
        if name in _OURS:
            continue
        if _is_secret(name):
            event[name] = MASKED
        elif isinstance(value, str):
            event[name] = _text(value)
        elif not isinstance(value, int | float | None):
            event[name] = _text(str(value))
    return event


def _is_secret(name: str) -> bool:
    lower = name.lower()
    return lower not in _PLAIN_NAMES and any(part in lower for part in _SECRET_NAMES)


def _text(text: str) -> str:
    if len(text) > TEXT_LIMIT_CHARS:
        # The end of a stack is where it happened.
        text = f"[cut:{len(text) - TEXT_LIMIT_CHARS}]{text[-TEXT_LIMIT_CHARS:]}"
    return redact(text)
