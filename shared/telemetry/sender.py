"""The way to a back end, for every signal: an address, headers, and patience."""

import asyncio

import httpx

from .back_end import BackEnd

CONTENT_TYPE = "application/x-protobuf"


class ExportFailed(Exception):
    """What was sent did not arrive, or nobody can tell."""


class Sender:
    """Posts the bodies of one signal, one after the other."""

    def __init__(self, back_end: BackEnd, path: str, seconds: float) -> None:
        self._url = back_end.url.rstrip("/") + path
        self._headers = {**back_end.headers, "content-type": CONTENT_TYPE}
        self._seconds = seconds
        self._client = httpx.AsyncClient(timeout=seconds, trust_env=False)

    async def send(self, body: bytes) -> None:
        """Return when the back end has it.

        Raises:
            ExportFailed: it refused, or did not answer in time.
        """
        try:
            # The client's own time-outs are of each read: an answer could trickle in for ever.
            async with asyncio.timeout(self._seconds):
                answer = await self._client.post(self._url, content=body, headers=self._headers)
            answer.raise_for_status()
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
            raise ExportFailed(repr(error)) from None

    async def close(self) -> None:
        await self._client.aclose()
