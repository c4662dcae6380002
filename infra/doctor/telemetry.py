"""Does anybody listen where traces, metrics and logs are sent by OTLP?"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from .addresses import host_and_port, shown
from .errors import Unexaminable
from .finding import Finding, fail, ok
from .installation import Installation

ENDPOINT_VARIABLE = "OTEL_EXPORTER_OTLP_ENDPOINT"
DISABLED_VARIABLE = "OTEL_SDK_DISABLED"
CONNECT_SECONDS = 3.0


async def look_at_telemetry(installation: Installation) -> Sequence[Finding]:
    endpoint = installation.environment.get(ENDPOINT_VARIABLE, "")
    if installation.environment.get(DISABLED_VARIABLE, "").lower() in ("true", "1"):
        raise Unexaminable(f"{DISABLED_VARIABLE} is set: nothing is sent")
    if not endpoint:
        raise Unexaminable(f"{ENDPOINT_VARIABLE} is not set: nothing is sent")
    return (await check_endpoint(endpoint),)


async def check_endpoint(endpoint: str) -> Finding:
    """A connection says enough: what is sent there is a collector's to understand."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(*host_and_port(endpoint, "http"))
    except (OSError, ValueError, TimeoutError) as error:
        why = str(error) or f"no answer within {CONNECT_SECONDS:g} s"
        remedy = f"start a collector there, or mend {ENDPOINT_VARIABLE}"
        return fail("otlp", f"{shown(endpoint)}: {why}; what is sent is lost", remedy)
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return ok("otlp", f"{shown(endpoint)} listens")
