"""The workers of an executor, as its settings say."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import replace

import structlog

from services.tool_executor.errors import (
    CredentialMissing,
    CredentialsUnavailable,
    JailUnavailable,
)
from services.tool_executor.settings import Settings
from shared.errors import ConfigError

from .credentials.broker import Broker
from .jail import Jail
from .kinds import WorkerKind
from .landlock import remark, version
from .pool import WorkerPool
from .process import WorkerLimits, WorkerProcess
from .registry import Registry, ToolsFile

log = structlog.get_logger()


@asynccontextmanager
async def pooled(registry: Registry, settings: Settings) -> AsyncIterator[WorkerPool]:
    """Workers within the limits of the settings, until this is left.

    Raises:
        ConfigError: see `find_jail`.
    """
    limits = WorkerLimits(
        start_seconds=settings.worker_start_seconds,
        memory_bytes=settings.worker_memory_bytes,
        cpu_seconds=settings.worker_cpu_seconds,
        open_files=settings.worker_open_files,
        file_bytes=settings.worker_file_bytes,
        egress_bytes=settings.worker_egress_bytes,
    )
    jail = find_jail(registry)
    if any(not kind.jailed for kind in registry.kinds) and (missing := remark(version())):
        log.warning("executor.not_set_apart", reason=missing)

    def start(kind: WorkerKind) -> Awaitable[WorkerProcess]:
        return WorkerProcess.start(registry.modules, limits, kind, jail)

    pool = WorkerPool(
        start,
        workers=settings.workers,
        calls_per_worker=settings.calls_per_worker,
        wait_seconds=settings.lease_wait_seconds,
    )
    try:
        yield pool
    finally:
        await pool.close()


def find_jail(registry: Registry) -> Jail | None:
    """What walls off the tools that ask for it; None where none does.

    Raises:
        ConfigError: some do, and this machine cannot.
    """
    jailed = sorted(
        name for name, tool in registry.tools.items() if tool.manifest.sandbox == "jail"
    )
    try:
        return Jail.found() if jailed else None
    except JailUnavailable as error:
        raise ConfigError(f"{', '.join(jailed)}: sandbox: jail: {error}") from None


async def warm(pool: WorkerPool, registry: Registry, broker: Broker) -> None:
    """Start workers ahead of the first calls. One that serves a tenant is started for its call.

    Raises:
        WorkerUnusable: one does not start.
    """
    kinds = []
    for kind in registry.kinds:
        if broker.is_of_tenants(kind.secrets):
            continue
        try:
            kinds.append(replace(kind, given=await broker.take(kind.secrets, None, 0)))
        except (CredentialMissing, CredentialsUnavailable) as error:
            # Its calls are told so, or wait.
            log.warning("executor.credentials_unavailable", reason=str(error))
    await pool.warm(kinds)


@asynccontextmanager
async def brokering(file: ToolsFile) -> AsyncIterator[Broker]:
    """Whoever hands out what `credentials` of the file says; what was leased is given back."""
    if file.vault is None:
        yield Broker(file.credentials)
        return
    from .credentials.vault import HttpVault  # noqa: PLC0415 - imports what speaks HTTP

    vault = HttpVault(file.vault)
    broker = Broker(file.credentials, vault, cache_seconds=file.vault.cache_seconds)
    try:
        yield broker
    finally:
        await broker.close()
