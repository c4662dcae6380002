"""Is every service of the platform that runs here ready, and if not, what does it say?"""

import asyncio
import json
from collections.abc import Sequence
from http import HTTPStatus

import httpx

from infra.dev.assembly import service_of

from .errors import Unexaminable
from .finding import Finding, fail, ok
from .installation import Installation

ASK_SECONDS = 3.0


async def look_at_services(installation: Installation) -> Sequence[Finding]:
    if installation.kind == "nothing":
        raise Unexaminable("nothing runs here; start `interlock dev`")
    if not installation.services:
        raise Unexaminable("where they answer is not known; the group consumers tells who hears")
    async with httpx.AsyncClient(timeout=ASK_SECONDS) as client:
        services = installation.services.items()
        asked = (examine(client, name, url, installation) for name, url in services)
        return await asyncio.gather(*asked)


async def examine(
    client: httpx.AsyncClient, name: str, url: str, installation: Installation
) -> Finding:
    """What one process says at `/readyz`."""
    log = installation.home.logs / f"{name}.log"
    remedy = f"tail {log}; interlock dev starts it again, elsewhere python -m services."
    remedy += service_of(name)
    try:
        answer = await client.get(f"{url}/readyz")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return fail(name, f"{url} does not answer ({type(error).__name__})", remedy)
    if answer.status_code != HTTPStatus.OK:
        return fail(name, f"is not ready: {_troubles(answer.text)}", remedy)
    return ok(name, "ready")


def _troubles(body: str) -> str:
    try:
        said = json.loads(body)
        return "; ".join(map(str, said["troubles"]))
    except (ValueError, KeyError, TypeError):
        return body[:200]
