"""Started by test_silence.py: uses guardrails-ai as hard as it can, and reports every contact.

An audit hook sees each look-up and connection of the process, from whatever library, and refuses
it. It writes at once, because exporters also send while the process ends.
"""

import asyncio
import os
import sys

SECRET = "aws_key = 'AKIAIOSFODNN7EXAMPL3'\n"
CONTACTS = {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}


def refuse(event, arguments):
    if event in CONTACTS:
        where = arguments[-1] if event == "socket.connect" else arguments[0]
        os.write(1, f"contact {event} {where}\n".encode())
        raise OSError("refused")


def use_the_library():
    from guardrails import Guard
    from guardrails_ai.regex_match import RegexMatch

    guard = Guard().use(RegexMatch(regex="[a-z]+", on_fail="noop"))
    guard.configure(allow_metrics_collection=True)
    os.write(1, f"passed {guard.validate('abc').validation_passed}\n".encode())


async def use_our_checks():
    from services.guardrail_checker.checks.base import Content, run_checks
    from services.guardrail_checker.checks.guardrails_ai import (
        guardrails_ai_adapter,
        guardrails_secrets,
    )

    def load():
        from guardrails_ai.regex_match import RegexMatch

        return RegexMatch(regex="(?s)((?!Acme).)*")

    checks = [
        guardrails_secrets(30),
        guardrails_ai_adapter(load, name="no_acme", timeout_seconds=30),
    ]
    for text in ("Your parcel left today.", SECRET, "Buy from Acme"):
        found = await run_checks(checks, Content(text, "tool", "t"), 30)
        rules = ",".join(f"{one.check}:{one.severity}" for one in found)
        assert "AKIA" not in repr(found)
        os.write(1, f"found {rules or 'nothing'}\n".encode())


sys.addaudithook(refuse)
if "silenced" in sys.argv:
    loop = asyncio.SelectorEventLoop()
    loop.run_until_complete(use_our_checks())
    loop.close()
use_the_library()
os.write(1, b"end\n")
