"""Logs: one flat object a line, with where it belongs, and nothing that nobody should read."""

import io
import json
import sys

import pytest
import structlog
from hypothesis import HealthCheck, given, settings, strategies
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from shared import logs, redaction
from shared.logs import MASKED, TEXT_LIMIT_CHARS, cleaned, start_logging
from shared.metrics import DROPPED
from shared.redaction import numbers, redact, secrets
from shared.telemetry import log_export
from shared.telemetry.back_end import BackEnd
from shared.telemetry.log_export import encoded, exporting_logs
from tests.integration.eventually import eventually
from tests.otlp import receiver

KEY = "sk-proj-abcdefghij0123456789abcdefghij"
LINE = {
    "event": "router.attempt_failed",
    "level": "warning",
    "timestamp": "2026-03-02T12:00:00.000001Z",
    "service": "model_router",
    "run_id": "r-1",
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "span_id": "00f067aa0ba902b7",
    "billed": None,
}


@pytest.fixture
def said(monkeypatch):
    """What goes to standard error."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    return stream


@pytest.fixture
def logging(said):
    """Logs as a service writes them, and as the tests had them afterwards."""
    before = structlog.get_config()
    start_logging("model_router", "INFO")
    structlog.configure(cache_logger_on_first_use=False)
    yield structlog.get_logger()
    structlog.configure(**before)
    structlog.contextvars.clear_contextvars()


def test_a_line_is_one_flat_object_with_its_service_and_its_run(logging, said):
    structlog.contextvars.bind_contextvars(run_id="r-1")

    logging.info("router.attempt_failed", kind="timed_out", seconds=1.5)

    (line,) = said.getvalue().splitlines()
    told = json.loads(line)
    assert told["event"] == "router.attempt_failed"
    assert (told["service"], told["run_id"], told["kind"]) == ("model_router", "r-1", "timed_out")
    assert not any(isinstance(value, dict | list) for value in told.values())


def test_a_secret_in_a_text_is_taken_out(logging, said):
    error = ValueError(f"401: the key {KEY} is wrong")

    logging.error("router.attempt_failed", reason=f"it said {KEY}", exc_info=error)

    assert KEY not in said.getvalue()
    assert said.getvalue().count("[redacted:model_provider_key]") == 2


@pytest.mark.parametrize("name", ["token", "nkey_seed", "postgres_dsn", "Authorization", "api_key"])
def test_a_field_that_is_named_as_a_secret_is_masked(name):
    assert cleaned(None, "info", {"event": "x.y", name: "harmless"})[name] == MASKED


PATTERNS = {
    **{rule: pattern for rule, _, pattern in secrets._SHAPES},
    "assigned": secrets._ASSIGNED,
    "private_key": secrets._PRIVATE_KEY,
    "card": numbers._CARD,
    "iban": numbers._IBAN,
    "us_ssn": numbers._SSN,
    "email": redaction._EMAIL,
}
ASCII = strategies.characters(codec="ascii")


@pytest.mark.parametrize("rule", PATTERNS)
@given(drawn=strategies.data())
@settings(max_examples=50, suppress_health_check=list(HealthCheck), deadline=None)
def test_no_secret_is_plain_so_what_is_plain_need_not_be_looked_at(rule, drawn):
    whole = rule != "password_in_url"  # which is known by what stands before it
    found = drawn.draw(strategies.from_regex(PATTERNS[rule], fullmatch=whole, alphabet=ASCII))

    assert not logs._PLAIN.fullmatch(found)


@given(strategies.from_regex(logs._PLAIN, fullmatch=True))
@settings(max_examples=500)
def test_nothing_is_taken_out_of_what_is_plain(text):
    assert redact(text) == text


def test_the_shortest_credentials_of_each_kind_are_not_plain():
    shortest = ("123-45-6789", "sk_test_" + "a" * 16, "xoxb-" + "a" * 10, "ghp_" + "a" * 36)

    assert not [one for one in shortest if logs._PLAIN.fullmatch(one) or redact(one) == one]


@pytest.mark.parametrize("name", sorted(logs._NAMES))
def test_a_name_stays_readable_and_what_is_no_name_is_cleaned(name):
    told = cleaned(None, "info", {"event": "x.y", name: "order-123-45-6789-of-2026"})
    assert told[name] == "order-123-45-6789-of-2026"

    assert KEY not in cleaned(None, "info", {"event": "x.y", name: f"it said {KEY}"})[name]


@pytest.mark.parametrize("name", ["said", "reason", "subject", "error", "rule", "stack", "by"])
def test_a_key_is_taken_out_of_every_field_that_is_no_name(name):
    assert KEY not in cleaned(None, "info", {"event": "x.y", name: KEY})[name]


def test_counts_of_tokens_are_no_secrets():
    assert cleaned(None, "info", {"event": "x.y", "tokens": 12})["tokens"] == 12


def test_a_long_field_keeps_its_end():
    told = cleaned(None, "info", {"event": "x.y", "reason": "a" * 10_000 + " here"})["reason"]

    assert len(told) < TEXT_LIMIT_CHARS + 20
    assert told.endswith(" here")


def test_a_line_becomes_a_record_of_its_trace():
    request = ExportLogsServiceRequest.FromString(encoded("model_router", [LINE]))

    (group,) = request.resource_logs
    (record,) = group.scope_logs[0].log_records
    attributes = {one.key: one.value.string_value for one in record.attributes}
    assert record.body.string_value == record.event_name == "router.attempt_failed"
    assert (record.severity_number, record.severity_text) == (13, "warning")
    assert (record.trace_id.hex(), record.span_id.hex()) == (LINE["trace_id"], LINE["span_id"])
    assert attributes == {"service": "model_router", "interlock.run.id": "r-1"}
    assert record.time_unix_nano == 1772452800000001000


async def test_lines_go_out_while_somebody_takes_them(logging, monkeypatch):
    monkeypatch.setattr(log_export, "INTERVAL_SECONDS", 0.01)
    async with receiver() as told:
        async with exporting_logs("model_router", BackEnd(told.url)):
            logging.info("router.attempt_failed")
            await eventually(lambda: told.logs)
        logging.info("router.after")

    assert [record.event_name for record in told.logs] == ["router.attempt_failed"]


async def test_no_more_lines_wait_than_the_limit_and_the_rest_is_counted(logging, monkeypatch):
    monkeypatch.setattr(log_export, "QUEUED_LINES", 3)
    dropped = DROPPED.labels("logs")._value
    before = dropped.get()

    async with exporting_logs("model_router", BackEnd("http://127.0.0.1:9")):
        for _ in range(5):
            logging.info("router.attempt_failed")
        assert dropped.get() == before + 2


async def test_without_an_endpoint_nothing_is_kept(logging):
    async with exporting_logs("model_router", None):
        logging.info("router.attempt_failed")

    assert not log_export._queue
