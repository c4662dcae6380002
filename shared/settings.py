"""Settings: one frozen class a service, read once, from `INTERLOCK_<SERVICE>_<NAME>`."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.telemetry.back_end import BackEnd, headers_in


def service_config(service: str) -> SettingsConfigDict:
    """The settings configuration of a service: its environment prefix, frozen."""
    return SettingsConfigDict(
        env_prefix=f"INTERLOCK_{service.upper()}_", frozen=True, populate_by_name=True
    )


class ServiceSettings(BaseSettings):
    """What every service needs. Names without a service in them are shared by all of them."""

    model_config = SettingsConfigDict(frozen=True, populate_by_name=True)

    nats_url: str = Field(
        "nats://127.0.0.1:4222",
        validation_alias="INTERLOCK_NATS_URL",
        description="One server, or several of a cluster with commas between",
    )
    nats_ca_file: Path | None = Field(
        None,
        validation_alias="INTERLOCK_NATS_CA_FILE",
        description="Whose certificate the server must show; set, nothing is said without TLS",
    )
    keyring_file: Path | None = Field(None, validation_alias="INTERLOCK_KEYRING_FILE")
    config_dir: Path = Field(Path("infra/config"), validation_alias="INTERLOCK_CONFIG_DIR")
    log_level: str = Field("INFO", validation_alias="INTERLOCK_LOG_LEVEL")
    otlp_endpoint: str | None = Field(None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    otlp_headers: SecretStr = Field(
        SecretStr(""),
        validation_alias="OTEL_EXPORTER_OTLP_HEADERS",
        description="As name=value,other=value; most back ends take their API key so",
    )
    otel_disabled: bool = Field(default=False, validation_alias="OTEL_SDK_DISABLED")
    metric_interval_ms: int = Field(15_000, ge=100, validation_alias="OTEL_METRIC_EXPORT_INTERVAL")
    metric_timeout_ms: int = Field(2000, ge=1, validation_alias="OTEL_METRIC_EXPORT_TIMEOUT")

    nkey_file: Path | None = None
    signing_key_file: Path | None = None
    http_host: str = "127.0.0.1"
    http_port: int = Field(0, ge=0, le=65535, description="0 takes any free port")

    in_flight: int = Field(64, ge=1, le=10_000, description="Messages handled at once")
    recovery_in_flight: int | None = Field(
        None, ge=1, description="Repeated deliveries handled at once; a quarter where not set"
    )
    # From the second crash on a message is handled alone: with fewer than three, whatever was
    # in flight beside a poison message would be parked with it.
    crash_deliveries: int = Field(
        4, ge=3, description="Deliveries of a message in a row that may end with their process"
    )
    ack_wait_seconds: float = Field(1.2, gt=0)
    ping_seconds: int = Field(
        3, ge=1, description="A server is asked this often whether it lives; it may miss two"
    )
    pull_expires_seconds: float = Field(5.0, gt=1)
    publish_timeout_seconds: float = Field(2.0, gt=0)
    publish_patience_seconds: float = Field(15.0, gt=0)
    read_timeout_seconds: float = Field(5.0, gt=0)
    cached_runs: int = Field(4096, ge=1)
    orders_reload_seconds: float = Field(
        2.0, gt=0, le=60, description="Orders to pause and stop are read this often, in any case"
    )
    retry_base_seconds: float = Field(0.1, gt=0)
    retry_cap_seconds: float = Field(5.0, gt=0)
    stop_grace_seconds: float = Field(8.0, gt=0)

    @property
    def back_end(self) -> BackEnd | None:
        """Where every signal goes by OTLP; None where nothing is to go out."""
        if self.otel_disabled or not self.otlp_endpoint:
            return None
        return BackEnd(self.otlp_endpoint, headers_in(self.otlp_headers.get_secret_value()))

    @property
    def recovery_slots(self) -> int:
        """How many of the slots may be used for what was tried before."""
        return self.recovery_in_flight or max(1, self.in_flight // 4)


class CanarySettings(BaseSettings):
    """For those that plant canaries in prompts, and those that look for them."""

    canary_key_file: Path | None = Field(
        None,
        validation_alias="INTERLOCK_CANARY_KEY_FILE",
        description="64 hex digits, the same for all; without it there are no canaries",
    )


class PostgresSettings(BaseSettings):
    """For services that keep something of their own in PostgreSQL."""

    postgres_dsn: str = Field(
        "postgresql://interlock@127.0.0.1:5432/interlock",
        validation_alias="INTERLOCK_POSTGRES_DSN",
    )
    postgres_pool: int = Field(8, ge=1, le=100)
    postgres_timeout_seconds: float = Field(10.0, gt=0)
