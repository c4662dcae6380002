"""Settings of the observer: `INTERLOCK_OBSERVER_<NAME>`."""

from pathlib import Path

from pydantic import AliasChoices, Field, field_validator

from contracts.tenancy import TENANTS_VARIABLE, tenants_in
from shared.settings import PostgresSettings, ServiceSettings, service_config


class Settings(ServiceSettings, PostgresSettings):
    """Defaults work on a laptop."""

    model_config = service_config("observer")

    in_flight: int = Field(1000, ge=1, le=10_000, description="Facts that wait for their commit")
    ack_wait_seconds: float = Field(12.0, gt=0, description="As the consumer's: no run waits here")
    batch_facts: int = Field(256, ge=1, le=10_000, description="Facts a transaction")
    batch_wait_seconds: float = Field(1.0, ge=0, description="From one transaction to the next")

    tenants: str = Field(
        "",
        validation_alias=TENANTS_VARIABLE,
        description="With commas between: whose runs are copied for an executor of their own",
    )

    upkeep_seconds: float = Field(1.0, gt=0, description="Between looks for ordered rebuilds")
    rebuild_runs: int = Field(32, ge=1, le=1_000, description="Runs that are rebuilt together")
    rebuild_lost_seconds: float = Field(
        30.0, gt=0, description="A rebuild that nobody was heard of for so long begins again"
    )
    read_model_days: int = Field(
        90, ge=1, le=36_500, description="Archived runs stay in lists for so long after their end"
    )
    retention_seconds: float = Field(3_600.0, gt=0, description="Between looks for older rows")
    retention_batch: int = Field(1_000, ge=1, le=10_000, description="Rows that go together")

    archive_dir: Path | None = Field(
        None, description="Where files of old runs go; nothing leaves the log where it is not set"
    )
    archive_after_days: float = Field(30.0, ge=0, description="Runs go so long after their end")
    archive_every_seconds: float = Field(3_600.0, gt=0, description="Between looks for old runs")
    archive_batch: int = Field(100, ge=1, le=10_000, description="Old runs that go together")
    archive_limit_bytes: int = Field(256 << 20, ge=1024, description="A run as a file")
    erased_runs_limit: int = Field(1_000, ge=1, description="Runs that one order deletes")
    order_tries: int = Field(600, ge=1, description="An order that cannot be finished is given up")

    look_seconds: float = Field(10.0, gt=0, description="Between looks at rows, queues and streams")
    stuck_seconds: float = Field(
        300.0, gt=0, description="A run under way is stuck that nothing is heard of for so long"
    )

    gather_seconds: float = Field(3.0, ge=0, description="Heard within it, traced together")
    gather_facts: int = Field(250, ge=1, description="So many are traced without waiting longer")
    traced_runs: int = Field(256, ge=1, description="Runs whose traces are kept to go on from")
    queued_spans: int = Field(4096, ge=1, description="Spans that wait for the back end")
    batch_spans: int = Field(512, ge=1, description="Spans an export, and the rest of a run")
    export_seconds: float = Field(2.0, gt=0, description="How long one export may take")
    export_wait_seconds: float = Field(2.0, gt=0, description="A fact waits so long for its spans")
    down_seconds: float = Field(5.0, gt=0, description="No export so long after a failure")
    capture_content: bool = Field(
        default=False,
        validation_alias=AliasChoices(
            "INTERLOCK_CAPTURE_CONTENT", "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
        ),
        description="Messages, arguments and results go into spans, redacted",
    )

    @field_validator("tenants")
    @classmethod
    def _named_well(cls, value: str) -> str:
        return ",".join(tenants_in(value))

    @property
    def copied_tenants(self) -> tuple[str, ...]:
        """The tenants that are named."""
        return tenants_in(self.tenants)
