"""The adapter, with validators that only look like those of guardrails-ai, and a fake library."""

import sys
import threading
import time
from types import ModuleType, SimpleNamespace

import pytest

from services.guardrail_checker.checks import guardrails_ai, silence
from services.guardrail_checker.checks.base import (
    CheckerUnavailable,
    Content,
    Span,
    TelemetryNotSilenced,
)
from services.guardrail_checker.checks.guardrails_ai import GuardrailsCheck, guardrails_ai_adapter

TEXT = Content("call 555", "user", "task")
PASS = SimpleNamespace(outcome="pass")


def fail(*spans):
    places = [SimpleNamespace(start=start, end=end) for start, end in spans]
    return SimpleNamespace(outcome="fail", error_message="it says 555", error_spans=places or None)


class FakeValidator:
    rail_alias = "fake/validator"
    use_local = True

    def __init__(self, answer=PASS, seconds=0.0):
        self.answer, self.seconds, self.texts, self.threads = answer, seconds, [], set()

    def validate(self, value, metadata):
        self.texts.append(value)
        self.threads.add(threading.current_thread().name)
        time.sleep(self.seconds)
        return self.answer


class FakeTelemetry:
    """The parts of `HubTelemetry` that silence is about."""

    _instance = _tracer = _processor = None

    def __new__(cls):
        if cls._instance is None:
            cls._instance = super().__new__(cls)
            cls._instance.initialize_tracer()
        return cls._instance

    def initialize_tracer(self):
        self._tracer = self._processor = "an exporter"


class FakeRc:
    def __init__(self, enable_metrics=True, use_remote_inferencing=True):
        self.enable_metrics = enable_metrics
        self.use_remote_inferencing = use_remote_inferencing

    @classmethod
    def load(cls, logger=None):
        return cls()


@pytest.fixture
def library(monkeypatch):
    """A library called guardrails that would send, loaded."""
    telemetry = type("Telemetry", (FakeTelemetry,), {})
    rc = type("Rc", (FakeRc,), {"load": FakeRc.__dict__["load"]})
    settings = SimpleNamespace(rc=rc.load(), disable_tracing=None)
    fakes = {
        "guardrails": {"__path__": []},
        "guardrails.version": {"GUARDRAILS_VERSION": "0.11.0"},
        "guardrails.utils": {"__path__": []},
        "guardrails.utils.hub_telemetry_utils": {"HubTelemetry": telemetry},
        "guardrails.classes": {"__path__": []},
        "guardrails.classes.rc": {"RC": rc},
        "guardrails.settings": {"settings": settings},
    }
    for name, names in fakes.items():
        module = ModuleType(name)
        vars(module).update(names)
        monkeypatch.setitem(sys.modules, name, module)
    return SimpleNamespace(telemetry=telemetry, rc=rc, settings=settings)


async def test_a_text_that_passes_has_no_finding():
    assert await GuardrailsCheck(FakeValidator(), "mine").check(TEXT) == ()


async def test_a_failure_blocks_and_repeats_nothing_of_the_text():
    (found,) = await GuardrailsCheck(FakeValidator(fail()), "mine").check(TEXT)

    assert (found.check, found.severity, found.rule) == ("mine", "block", "fake/validator")
    assert "555" not in found.reason


async def test_a_failure_with_a_place_can_be_taken_out():
    (found,) = await GuardrailsCheck(FakeValidator(fail((5, 8))), "mine", "redact").check(TEXT)

    assert found.span == Span(5, 8)


async def test_a_place_outside_the_text_means_the_whole_text():
    (found,) = await GuardrailsCheck(FakeValidator(fail((5, 80))), "mine", "redact").check(TEXT)

    assert found.span is None


async def test_a_late_validator_cannot_tell():
    late = GuardrailsCheck(FakeValidator(seconds=0.2), "mine", timeout_seconds=0.01)

    with pytest.raises(CheckerUnavailable, match="no answer"):
        await late.check(TEXT)


async def test_texts_beyond_the_waiting_limit_are_refused_at_once(monkeypatch):
    monkeypatch.setattr(guardrails_ai, "WAITING_LIMIT", 1)
    busy = GuardrailsCheck(FakeValidator(seconds=0.1), "mine", timeout_seconds=0.01)

    with pytest.raises(CheckerUnavailable, match="no answer"):
        await busy.check(TEXT)
    with pytest.raises(CheckerUnavailable, match="waiting"):
        await busy.check(TEXT)


async def test_a_class_of_validators_works_in_one_thread_that_is_not_ours():
    one, other = FakeValidator(), FakeValidator()

    await GuardrailsCheck(one, "one").check(TEXT)
    await GuardrailsCheck(other, "other").check(TEXT)

    assert one.threads == other.threads
    assert threading.current_thread().name not in one.threads


async def test_validators_that_read_lines_get_whole_lines():
    validator = FakeValidator()

    await GuardrailsCheck(validator, "mine", whole_lines=True).check(TEXT)

    assert validator.texts == ["call 555\n"]


def test_the_library_is_silenced_before_a_validator_exists(library):
    def load():
        assert library.rc.load().enable_metrics is False
        return FakeValidator()

    guardrails_ai_adapter(load, name="mine")

    assert library.telemetry()._tracer is None


def test_a_validator_that_asks_a_server_is_refused(library):
    def load():
        validator = FakeValidator()
        validator.use_local = False
        return validator

    with pytest.raises(CheckerUnavailable, match="asks a server"):
        guardrails_ai_adapter(load, name="mine")


def test_a_release_that_was_not_read_is_refused(library):
    sys.modules["guardrails.version"].GUARDRAILS_VERSION = "0.12.0"

    with pytest.raises(TelemetryNotSilenced, match=r"0\.12\.0 was not read"):
        silence.silence_guardrails()


def test_a_library_that_has_begun_to_speak_is_refused(library):
    library.telemetry()

    with pytest.raises(TelemetryNotSilenced, match="before it was silenced"):
        silence.silence_guardrails()


@pytest.mark.parametrize(
    "undo",
    [
        lambda it: setattr(it.settings.rc, "enable_metrics", True),
        lambda it: setattr(it.settings, "rc", FakeRc()),
        lambda it: setattr(it.settings, "disable_tracing", False),
        lambda it: setattr(it.rc, "load", FakeRc.load),
        lambda it: setattr(it.telemetry, "initialize_tracer", FakeTelemetry.initialize_tracer),
        lambda it: setattr(it.telemetry(), "_tracer", "an exporter"),
    ],
)
async def test_a_check_reads_nothing_once_silence_is_broken(library, undo):
    validator = FakeValidator()
    check = guardrails_ai_adapter(lambda: validator, name="mine")
    validator.texts.clear()
    undo(library)

    with pytest.raises(CheckerUnavailable):
        await check.check(TEXT)
    assert validator.texts == []
