"""The workers of an executor, as its settings say."""

from collections.abc import Awaitable

from services.tool_executor.errors import JailUnavailable
from services.tool_executor.settings import Settings
from shared.errors import ConfigError

from .jail import Jail
from .kinds import WorkerKind
from .pool import WorkerPool
from .process import WorkerLimits, WorkerProcess
from .registry import Registry


def make_pool(registry: Registry, settings: Settings) -> WorkerPool:
    """Workers within the limits of the settings.

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

    def start(kind: WorkerKind) -> Awaitable[WorkerProcess]:
        return WorkerProcess.start(registry.modules, limits, kind, jail)

    return WorkerPool(
        start,
        workers=settings.workers,
        calls_per_worker=settings.calls_per_worker,
        wait_seconds=settings.lease_wait_seconds,
    )


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
