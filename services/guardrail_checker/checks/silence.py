"""Makes it impossible for guardrails-ai to speak to its maker, and proves it before every use.

The library sends a span for each validation to an endpoint of its own, unless a file in the home
directory says otherwise; it reads that file again and again, and there is no environment variable.
So neither the file nor the directory is relied upon, nor written. Three things are replaced in the
loaded library instead, each of them enough:

- what it reads as its configuration is always ours (metrics off, remote inference off);
- its telemetry never builds an exporter, a processor or a thread: there is nothing to send with;
- its tracing is off, so that what it reads stays out of our own traces as well.

Another release may have other ways to speak. Only the one that was read for this file is trusted.
"""

import importlib
import sys
from types import ModuleType
from typing import Any

from services.guardrail_checker.checks.base import TelemetryNotSilenced

LIBRARY = "guardrails"
READ_RELEASE = "0.11."


def silence_guardrails() -> None:
    """Import guardrails-ai (seconds, 145 MB) and take its voice. Safe to repeat.

    Raises:
        TelemetryNotSilenced: another release, not installed, or telemetry had already started.
    """
    try:
        release = str(_module("version").GUARDRAILS_VERSION)
        telemetry = _module("utils.hub_telemetry_utils").HubTelemetry
        rc, settings = _module("classes.rc").RC, _module("settings").settings
    except (ImportError, AttributeError) as error:
        raise TelemetryNotSilenced(f"guardrails-ai does not load as expected: {error}") from error
    if not release.startswith(READ_RELEASE):
        raise TelemetryNotSilenced(f"guardrails-ai {release} was not read; {READ_RELEASE}* was")
    if telemetry._instance is not None and telemetry._instance._tracer is not None:  # noqa: SLF001
        raise TelemetryNotSilenced("guardrails-ai was used before it was silenced; restart")
    rc.load = classmethod(_our_configuration)
    telemetry.initialize_tracer = _build_nothing
    settings.rc = rc.load()
    settings.disable_tracing = True
    prove_silence()


def prove_silence() -> None:
    """Return only if guardrails-ai has nothing to send with. What is not loaded cannot speak.

    Raises:
        TelemetryNotSilenced: some part of it could send.
    """
    if LIBRARY not in sys.modules:
        return
    telemetry = _module("utils.hub_telemetry_utils").HubTelemetry
    rc, settings = _module("classes.rc").RC, _module("settings").settings
    proofs = {
        "its exporter can be built": telemetry.initialize_tracer is _build_nothing,
        "its configuration is not ours": rc.load.__func__ is _our_configuration,
        "its metrics are on": settings.rc.enable_metrics is False,
        "its remote inference is on": settings.rc.use_remote_inferencing is False,
        "its tracing is on": settings.disable_tracing is True,
    }
    failed = [reason for reason, holds in proofs.items() if not holds]
    # Asked for last: building the instance is safe only now that the first proof has held.
    if not failed and not _is_mute(telemetry()):
        failed = ["it holds an exporter"]
    if failed:
        raise TelemetryNotSilenced(f"guardrails-ai: {', '.join(failed)}")


def _is_mute(instance: Any) -> bool:
    return instance._tracer is None and instance._processor is None  # noqa: SLF001 - no public way


def _our_configuration(rc: Any, logger: object = None) -> Any:  # noqa: ARG001 - its signature
    """In place of `RC.load`, which reads the home directory."""
    return rc(enable_metrics=False, use_remote_inferencing=False)


def _build_nothing(self: Any, *_args: object, **_options: object) -> None:
    """In place of `HubTelemetry.initialize_tracer`: no tracer, and so no span, whoever asks."""
    self._enabled = False
    self._carrier = {}


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{LIBRARY}.{name}")
