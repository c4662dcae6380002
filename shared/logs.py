"""Structured logs: an event name and flat fields, one JSON object a line, and no secrets.

What a service is handling is bound to every line by its delivery: tenant, run, fact, trace. Texts
are cleaned and cut: whatever a library put into the message of an exception may be anything.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from functools import lru_cache
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
# Names of runs and facts: on every line, and what a line is found by. Only while they look like
# names, too: a sentence under one of these is cleaned as any other.
_NAMES = frozenset({"tenant", "run_id", "fact", "agent", "tool", "durable", "child", "parent"})
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
# Too short, or of too few characters, for any pattern of `redact`, the shortest of which are a
# social security number (11 characters), and a key of lower case alone (24); a test holds that.
_PLAIN = re.compile(r"[A-Za-z0-9_.-]{0,10}|[a-z_.]{0,23}")
NAMES_KEPT = 1024  # names of fields, which come from our code; a bound nevertheless

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
            if not _is_plain(name, value):
                event[name] = _text(value)
        elif not isinstance(value, int | float | None):
            event[name] = _text(str(value))
    return event


def _is_plain(name: str, value: str) -> bool:
    """Whether nothing can be in it that should not be read. Looking for that takes 10 us."""
    return bool(_PLAIN.fullmatch(value) or (name in _NAMES and _NAME.fullmatch(value)))


@lru_cache(maxsize=NAMES_KEPT)
def _is_secret(name: str) -> bool:
    lower = name.lower()
    return lower not in _PLAIN_NAMES and any(part in lower for part in _SECRET_NAMES)


def _text(text: str) -> str:
    if len(text) > TEXT_LIMIT_CHARS:
        # The end of a stack is where it happened.
        text = f"[cut:{len(text) - TEXT_LIMIT_CHARS}]{text[-TEXT_LIMIT_CHARS:]}"
    return redact(text)
