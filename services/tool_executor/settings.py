"""Settings of the tool executor: `INTERLOCK_TOOL_EXECUTOR_<NAME>`."""

from pydantic import Field

from contracts.shape import Token
from shared.settings import ServiceSettings, service_config


class Settings(ServiceSettings):
    """Defaults work on a laptop."""

    model_config = service_config("tool_executor")

    # What one replica holds, the others cannot take, and is late when it dies: so little more than
    # its workers can do at once.
    in_flight: int = Field(8, ge=1, le=10_000)
    recovery_in_flight: int | None = Field(4, ge=1)

    tenant: Token | None = Field(
        None, description="Runs of this tenant alone are heard and read; of all where it is not set"
    )
    start_within_seconds: float = Field(
        5.0, gt=0, description="From a claim to the last moment at which its call may start"
    )
    unknown_margin_seconds: float = Field(
        1.0, ge=0, description="Silence after a claim's time limit before its call is unknown"
    )
    workers: int = Field(4, ge=1, le=256, description="Worker processes, and so calls, at once")
    calls_per_worker: int = Field(1000, ge=1, description="Then it is replaced by a fresh one")
    lease_wait_seconds: float = Field(20.0, gt=0, description="Wait for a free worker")
    busy_pause_seconds: float = Field(1.0, gt=0, description="Pause after no worker was free")
    worker_start_seconds: float = Field(20.0, gt=0)
    worker_memory_bytes: int = Field(1 << 30, ge=1 << 27, description="Address space of a worker")
    worker_cpu_seconds: int = Field(60, ge=1, description="Processor time of one call")
    worker_open_files: int = Field(256, ge=32)
    worker_file_bytes: int = Field(64 << 20, ge=0, description="Largest file a tool may write")
    worker_egress_bytes: int = Field(
        16 << 20, ge=0, description="What may go in and out of a jail in one call"
    )
