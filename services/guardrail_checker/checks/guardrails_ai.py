"""Any validator of guardrails-ai as a check.

The validator is asked directly, not through the library's `Guard`: the answer is the same, the
bookkeeping around it is not needed, and what a failure means is decided here. Each class of
validators works in a thread of its own, one text at a time: validators keep state between calls,
and detect-secrets, below one of them, swaps settings of the whole process while it reads.

A deadline stops the waiting, not the thread. One that hangs keeps its check unavailable, and so
every text refused, until the process is restarted.

    def load():
        from guardrails_ai.regex_match import RegexMatch
        return RegexMatch(regex=r"(?s)((?!Acme).)*")

    check = guardrails_ai_adapter(load, name="no_competitors")
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import Any, Protocol

from services.guardrail_checker.checks.base import (
    CheckerUnavailable,
    Content,
    Finding,
    Severity,
    TelemetryNotSilenced,
)
from services.guardrail_checker.checks.silence import prove_silence, silence_guardrails
from shared.redaction.span import Span

DEFAULT_SECONDS = 2.0
# Texts that may wait for the one thread; the next one is refused at once instead of late.
WAITING_LIMIT = 32
WARM_UP = "The parcel is on its way.\n"


class Validator(Protocol):
    """What is used of `guardrails.validator_base.Validator`."""

    rail_alias: str
    use_local: bool

    def validate(self, value: Any, metadata: dict[str, Any]) -> Any: ...


def guardrails_ai_adapter(
    load: Callable[[], Validator],
    *,
    name: str,
    severity: Severity = "block",
    timeout_seconds: float = DEFAULT_SECONDS,
    whole_lines: bool = False,
) -> "GuardrailsCheck":
    """The validator that `load` builds, as a check called `name`. Slow: the library is imported.

    `load` is a function, so that the library is silenced before a validator exists. `whole_lines`
    ends every text with a newline, for validators that read files.

    Raises:
        TelemetryNotSilenced: the library could send what it reads to its maker.
        CheckerUnavailable: the validator does not load, or would ask a server.
    """
    silence_guardrails()
    try:
        validator = load()
        # The first call of some validators takes seconds. Better now than under a deadline.
        if validator.use_local:
            validator.validate(WARM_UP, {})
    except Exception as error:
        raise CheckerUnavailable(name, f"does not load: {error}") from error
    if not validator.use_local:
        raise CheckerUnavailable(name, "asks a server, and content stays here; use_local=True")
    return GuardrailsCheck(validator, name, severity, timeout_seconds, whole_lines=whole_lines)


class GuardrailsCheck:
    """One validator behind `Checker`. What it says in words is not repeated: it quotes the text."""

    def __init__(
        self,
        validator: Validator,
        name: str,
        severity: Severity = "block",
        timeout_seconds: float = DEFAULT_SECONDS,
        *,
        whole_lines: bool = False,
    ) -> None:
        self.name = name
        self._validator = validator
        self._severity = severity
        self._timeout_seconds = timeout_seconds
        self._whole_lines = whole_lines
        self._waiting = 0

    async def check(self, content: Content) -> tuple[Finding, ...]:
        try:
            prove_silence()
        except TelemetryNotSilenced as error:
            raise CheckerUnavailable(self.name, str(error)) from error
        result = await self._validate(content.text)
        if str(getattr(result.outcome, "value", result.outcome)) == "pass":
            return ()
        return self._findings(result, content.text)

    async def _validate(self, text: str) -> Any:
        if self._waiting >= WAITING_LIMIT:
            raise CheckerUnavailable(self.name, f"{self._waiting} texts are waiting already")
        if self._whole_lines and not text.endswith("\n"):
            text += "\n"
        self._waiting += 1
        loop = asyncio.get_running_loop()
        work = _thread_of(type(self._validator)).submit(self._validator.validate, text, {})
        # Counted until the thread is done with it, which may be long after we stopped waiting.
        work.add_done_callback(lambda _: loop.call_soon_threadsafe(self._done))
        return await self._bounded(work)

    async def _bounded(self, work: "Future[Any]") -> Any:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await asyncio.wrap_future(work)
        except TimeoutError:
            reason = f"no answer after {self._timeout_seconds:g} s"
            raise CheckerUnavailable(self.name, reason) from None

    def _done(self) -> None:
        self._waiting -= 1

    def _findings(self, result: Any, text: str) -> tuple[Finding, ...]:
        rule = self._validator.rail_alias
        reason = f"{rule} did not pass"
        spans = [Span(one.start, one.end) for one in getattr(result, "error_spans", None) or ()]
        usable = [span for span in spans if 0 <= span.start < span.end <= len(text)]
        # A place that cannot be right says nothing about where: then it is the whole text.
        if not usable or len(usable) < len(spans):
            return (Finding(self.name, self._severity, rule, reason),)
        return tuple(Finding(self.name, self._severity, rule, reason, span) for span in usable)


@cache
def _thread_of(kind: type) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"check-{kind.__name__}")


def load_secrets_present() -> Validator:
    """detect-secrets, as guardrails-ai wraps it."""
    from guardrails_ai.secrets_present import SecretsPresent  # noqa: PLC0415 - seconds to import

    return SecretsPresent()  # type: ignore[no-any-return]


def guardrails_secrets(timeout_seconds: float = DEFAULT_SECONDS) -> GuardrailsCheck:
    """`guardrails_secrets`: refuses a text in which detect-secrets sees a secret."""
    return guardrails_ai_adapter(
        load_secrets_present,
        name="guardrails_secrets",
        timeout_seconds=timeout_seconds,
        whole_lines=True,
    )
