"""A server that keeps secrets and speaks as HashiCorp Vault does: logging in, and reading.

What it says is nowhere but in what is returned: errors name the path and the status alone.
"""

import asyncio
import contextlib
import json
import math
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import structlog

from services.tool_executor.errors import CredentialsUnavailable

from .declared import VaultServer
from .places import in_file
from .secret import Secret

log = structlog.get_logger()

ANSWER_LIMIT_BYTES = 262_144
CONNECTIONS = 8
GOODBYE_SECONDS = 2.0
FORBIDDEN = (401, 403)


@dataclass(frozen=True, slots=True)
class _Login:
    token: str = field(repr=False)
    until: float


class HttpVault:
    """One server, by HTTP."""

    def __init__(self, server: VaultServer, clock: Callable[[], float] = time.monotonic) -> None:
        self._server = server
        self._clock = clock
        self._login: _Login | None = None
        self._logging_in = asyncio.Lock()
        spaced = {"X-Vault-Namespace": server.namespace} if server.namespace else {}
        self._client = httpx.AsyncClient(
            base_url=f"{server.url}/v1/",
            headers={"X-Vault-Request": "true", **spaced},
            verify=ssl.create_default_context(cafile=server.ca_file),
            timeout=server.timeout_seconds,
            limits=httpx.Limits(max_connections=CONNECTIONS),
            follow_redirects=False,
            # No proxy that a variable names gets to see a token.
            trust_env=False,
        )

    async def read(self, path: str, for_seconds: float) -> Secret | None:
        began = self._clock()
        login = await self._come_in(for_seconds)
        status, body = await self._ask("GET", path, login)
        if status in FORBIDDEN:
            # The token may have been replaced or revoked since.
            self._login = None
            login = await self._come_in(for_seconds)
            status, body = await self._ask("GET", path, login)
        if status == httpx.codes.NOT_FOUND:
            return None
        if status != httpx.codes.OK:
            raise CredentialsUnavailable(f"the vault answers {status} to {path}")
        return _secret(path, body, began, login.until)

    async def close(self, leases: tuple[str, ...]) -> None:
        with contextlib.suppress(TimeoutError, CredentialsUnavailable):
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self._say_goodbye(leases)
        await self._client.aclose()

    async def _say_goodbye(self, leases: tuple[str, ...]) -> None:
        login = self._login
        if login is not None:
            # With the token of a login end all leases that it was given.
            await self._ask("POST", "auth/token/revoke-self", login)
        elif leases:
            login = await self._come_in(0)
            for lease in leases:
                await self._ask("POST", "sys/leases/revoke", login, {"lease_id": lease})

    async def _come_in(self, for_seconds: float) -> _Login:
        if self._server.token_file is not None:
            return _Login(_content(self._server.token_file), math.inf)
        async with self._logging_in:
            if self._login is None or self._login.until - self._clock() < for_seconds:
                self._login = await self._log_in()
            return self._login

    async def _log_in(self) -> _Login:
        how = self._server.kubernetes
        assert how is not None, "it says how to come in"
        began = self._clock()
        said = {"role": how.role, "jwt": _content(how.token_file)}
        path = f"auth/{how.mount}/login"
        status, body = await self._ask("POST", path, None, said)
        auth = body.get("auth")
        if status != httpx.codes.OK or not isinstance(auth, dict):
            raise CredentialsUnavailable(f"the vault answers {status} to {path}")
        token, seconds = auth.get("client_token"), auth.get("lease_duration")
        if not isinstance(token, str) or not isinstance(seconds, int):
            raise CredentialsUnavailable(f"the vault answers without a token to {path}")
        log.info("executor.vault_login", role=how.role, seconds=seconds)
        # A token without an end is told as one of no seconds.
        return _Login(token, began + seconds if seconds else math.inf)

    async def _ask(
        self, method: str, path: str, login: _Login | None, said: object = None
    ) -> tuple[int, dict[str, Any]]:
        headers = {"X-Vault-Token": login.token} if login is not None else {}
        content = b"" if said is None else json.dumps(said).encode()
        try:
            async with (
                asyncio.timeout(self._server.timeout_seconds),
                self._client.stream(method, path, headers=headers, content=content) as answer,
            ):
                return answer.status_code, await _body(answer, path)
        except (httpx.HTTPError, TimeoutError) as error:
            raise CredentialsUnavailable(
                f"the vault cannot be asked for {path} ({type(error).__name__})"
            ) from None


async def _body(answer: httpx.Response, path: str) -> dict[str, Any]:
    """The object that was answered; nothing where that is none."""
    content = b""
    async for chunk in answer.aiter_bytes():
        content += chunk
        if len(content) > ANSWER_LIMIT_BYTES:
            raise CredentialsUnavailable(
                f"the vault answers more than {ANSWER_LIMIT_BYTES} bytes to {path}"
            )
    try:
        found = json.loads(content) if content else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _secret(path: str, body: dict[str, Any], began: float, until: float) -> Secret | None:
    fields, lease = body.get("data"), body.get("lease_id") or ""
    if isinstance(fields, dict) and isinstance(fields.get("metadata"), dict):
        # With versions; of one that was deleted there is no data.
        fields = fields.get("data")
        if fields is None:
            return None
    if not isinstance(fields, dict) or not isinstance(lease, str):
        raise CredentialsUnavailable(f"what the vault answers to {path} holds no secret")
    seconds = body.get("lease_duration")
    if lease and isinstance(seconds, int):
        until = min(until, began + seconds)
    known = {name: _text(value) for name, value in fields.items()}
    return Secret(known, until if lease else math.inf, lease)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _content(path: str) -> str:
    token = (in_file(path) or "").strip()
    if not token:
        raise CredentialsUnavailable(f"{path}: there is no token for the vault in it")
    return token
