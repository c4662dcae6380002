"""Settings of the observer: `INTERLOCK_OBSERVER_<NAME>`."""

from pydantic import Field

from shared.settings import PostgresSettings, ServiceSettings, service_config


class Settings(ServiceSettings, PostgresSettings):
    """Defaults work on a laptop."""

    model_config = service_config("observer")

    in_flight: int = Field(256, ge=1, le=10_000, description="Facts that wait for their commit")
    batch_facts: int = Field(256, ge=1, le=10_000, description="Facts a transaction")
    batch_wait_seconds: float = Field(0.01, ge=0, description="Before a transaction begins")
