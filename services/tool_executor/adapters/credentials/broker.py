"""Hands out the values of variables: of those that are named, for one tenant, for one call.

A value that is leased is kept no longer than its lease, and handed out only while that outlasts
the call; any other of a vault is read again after so many seconds. Files are read each time.
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

import structlog

from services.tool_executor.errors import CredentialMissing, CredentialsUnavailable

from .declared import PLACE, TENANT, Source
from .given import NOTHING, Given
from .places import in_environment, in_file
from .secret import Secret, Vault

log = structlog.get_logger()

KEPT_LIMIT = 1024
# Calls that wait for a vault which is gone are told so together, not one after the other.
FAILURE_SECONDS = 1.0


@dataclass(slots=True)
class _Kept:
    """What was read under a path. One asks at a time; the others have what it is told."""

    secret: Secret | None = None
    failure: CredentialsUnavailable | None = None
    read_at: float = -math.inf
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


class Broker:
    """Reads each variable where `tools.yaml` says that it lies, else in the environment."""

    def __init__(
        self,
        sources: Mapping[str, tuple[Source, ...]] | None = None,
        vault: Vault | None = None,
        *,
        cache_seconds: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sources = sources or {}
        self._vault = vault
        self._cache_seconds = cache_seconds
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def is_of_tenants(self, names: Collection[str]) -> bool:
        """Whether a tenant may have a value of its own for one of them."""
        sources = (one for name in names for one in self._sources.get(name, ()))
        return any(one.is_of_tenants for one in sources)

    async def take(self, names: Collection[str], tenant: str | None, seconds: float) -> Given:
        """The values of these variables, good for so many seconds.

        One of the environment that is not set is left out; what else has no value is missing.

        Raises:
            CredentialMissing: there is no value of one for this tenant.
            CredentialsUnavailable: one could not be read now.
        """
        if not names:
            return NOTHING
        values = {name: await self._value(name, tenant, seconds) for name in sorted(names)}
        whose = tenant if tenant is not None and self.is_of_tenants(names) else ""
        return Given(tuple((name, one) for name, one in values.items() if one is not None), whose)

    async def close(self) -> None:
        """Give back what was leased."""
        if self._vault is not None:
            secrets = [one.secret for one in self._kept.values() if one.secret is not None]
            await self._vault.close(tuple(one.lease for one in secrets if one.lease))

    async def _value(self, name: str, tenant: str | None, seconds: float) -> str | None:
        if name not in self._sources:
            return in_environment(name)
        for source in self._sources[name]:
            if tenant is None and source.is_of_tenants:
                continue
            found = await self._read(source, tenant or "", seconds)
            if found is not None:
                if "\0" in found:
                    raise CredentialMissing(name, tenant, "its value has a zero byte")
                return found
        raise CredentialMissing(name, tenant)

    async def _read(self, source: Source, tenant: str, seconds: float) -> str | None:
        if source.env is not None:
            return in_environment(source.env.replace(TENANT, tenant))
        if source.file is not None:
            return in_file(source.file.replace(TENANT, tenant))
        assert source.vault is not None, "it lies in one place"
        secret = await self._secret(source.vault.replace(TENANT, tenant), seconds)
        return None if secret is None else _made(source, secret, tenant)

    async def _secret(self, path: str, seconds: float) -> Secret | None:
        kept = self._entry(path)
        async with kept.asking:
            now = self._clock()
            if kept.failure is not None and now - kept.read_at < FAILURE_SECONDS:
                raise kept.failure
            if kept.failure is not None or not self._is_fresh(kept, now, seconds):
                await self._read_again(kept, path, seconds, now)
            return kept.secret

    async def _read_again(self, kept: _Kept, path: str, seconds: float, now: float) -> None:
        assert self._vault is not None, "tools.yaml was refused without one"
        try:
            kept.secret, kept.failure = await self._vault.read(path, seconds), None
        except CredentialsUnavailable as error:
            kept.failure = error
            raise
        finally:
            kept.read_at = now
        if kept.secret is not None and kept.secret.until - now < seconds:
            log.warning("executor.lease_shorter_than_its_call", path=path)

    def _is_fresh(self, kept: _Kept, now: float, seconds: float) -> bool:
        if kept.secret is not None and kept.secret.lease:
            return kept.secret.until - now >= seconds
        return now - kept.read_at < self._cache_seconds

    def _entry(self, path: str) -> _Kept:
        kept = self._kept.setdefault(path, _Kept())
        self._kept.move_to_end(path)
        if len(self._kept) > KEPT_LIMIT:
            self._kept.popitem(last=False)
        return kept


def _made(source: Source, secret: Secret, tenant: str) -> str | None:
    """The value, made of the fields of a secret; None where it lacks one."""
    if source.template is None:
        return secret.fields.get(source.field) or None
    known = {**secret.fields, "tenant": tenant}
    if not all(known.get(name) for name in source.names):
        return None
    # In one go, so that no value is taken for a place.
    return PLACE.sub(lambda found: _put_in(known[found[1]], found[2]), source.template)


def _put_in(value: str, how: str | None) -> str:
    return quote(value, safe="") if how else value
