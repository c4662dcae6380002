"""Settings of the console: `INTERLOCK_CONSOLE_<NAME>`."""

from pathlib import Path

from pydantic import Field

from contracts.access import KEY_DAYS_LIMIT
from contracts.shape import Token
from shared.settings import PostgresSettings, ServiceSettings, service_config


class Settings(ServiceSettings, PostgresSettings):
    """Defaults work on a laptop. Tokens have none: `interlock dev` makes a file of them."""

    model_config = service_config("console")

    tokens_file: Path | None = None
    allow_tokens_beyond_loopback: bool = Field(
        default=False,
        description="Take the tokens of the file on any address: only where nothing but this "
        "machine reaches it, such as a container whose port is published on loopback",
    )
    keys_only: bool = Field(
        default=False,
        description="Take API keys alone and no file of tokens; then any address may be bound",
    )
    key_days: int = Field(90, ge=1, le=KEY_DAYS_LIMIT, description="How long a key lasts, unsaid")
    keys_limit: int = Field(
        10_000, ge=1, description="API keys that there may ever be; what follows fits too"
    )
    default_tenant: Token = "default"
    manifests_file: Path = Field(
        Path("tools.lock.json"),
        validation_alias="INTERLOCK_TOOL_MANIFESTS",
        description="What the tools of an agent that is released must be among",
    )

    session_hours: float = Field(
        12.0, gt=0, le=168, description="How long somebody stays signed in in a browser"
    )
    page_rows: int = Field(50, ge=1, le=500, description="Rows of one page of a list in a browser")
    page_steps: int = Field(40, ge=1, le=500, description="Steps of a run on one page")
    page_facts: int = Field(500, ge=1, le=5000, description="Facts of a run on one page")
    live_seconds: float = Field(
        1.0, gt=0, description="A page that follows a list is told of changes so often at most"
    )

    # Below the engine's message limit of 1 MiB, so that headers fit.
    body_limit_bytes: int = Field(786_432, ge=1024, le=1_000_000)
    requests_a_second: float = Field(
        200.0, gt=0, description="Of one key or token, in the long run, to all replicas together"
    )
    requests_burst: int = Field(2_000, ge=1, description="The same, at once")
    refused_a_second: float = Field(
        1.0, gt=0, description="Requests of one address with no key that is known"
    )
    refused_burst: int = Field(60, ge=1, description="The same, at once")
    rated_limit: int = Field(10_000, ge=1, description="Keys and addresses that are counted")
    rate_answer_seconds: float = Field(
        0.25, gt=0, description="How long a request waits for the count of all replicas"
    )
    rate_alone_seconds: float = Field(
        5.0, gt=0, description="So long a replica counts alone before it asks PostgreSQL again"
    )
    rate_connections: int = Field(
        4, ge=1, le=100, description="Its own, so that slow lists hold up no count"
    )
    list_limit: int = Field(500, ge=1, le=10_000, description="Rows that one request may ask for")
    count_limit: int = Field(100_000, ge=1, description="Runs that one answer counts")
    found_limit: int = Field(10_000, ge=1, description="The same, found by a term or a word")
    query_seconds: float = Field(5.0, gt=0, description="How long PostgreSQL looks for a list")
    facts_limit: int = Field(10_000, ge=1, description="Facts that one request returns")
    record_steps_limit: int = Field(
        100, ge=1, description="Steps of which one record tells; a third of a second of work"
    )
    archive_dir: Path | None = Field(
        None, description="Where the observer puts files of old runs; they are read from there"
    )
    archive_limit_bytes: int = Field(
        64 << 20, ge=1024, le=512 << 20, description="A run as a file, exported or imported"
    )

    deeds_looked_at: int = Field(5_000, ge=1, description="The newest of the audit trail")
    dead_letters_looked_at: int = Field(
        5_000, ge=1, description="The newest messages of their stream, notes included"
    )
    redrive_limit: int = Field(1_000, ge=1, description="Dead letters that one request handles")
    redrive_seconds: float = Field(20.0, gt=0, description="How long such a request may take")

    control_limit: int = Field(
        1_000, ge=1, description="Runs that one request asks to end, to stand still or to go on"
    )
    control_seconds: float = Field(20.0, gt=0, description="How long such a request may take")
    backfill_limit: int = Field(
        1_000, ge=1, le=10_000, description="Times of a schedule that one request looks at"
    )

    gate_record_days: int = Field(
        14, ge=1, le=365, description="So long the record of a gate moves a label"
    )
    gate_trials_limit: int = Field(
        5_000, ge=1, le=100_000, description="Trials of each side that are read to check a record"
    )

    event_streams: int = Field(256, ge=1, description="Server-sent event streams at once")
    event_poll_seconds: float = Field(
        0.1, gt=0, description="How late a stream may learn what another replica projected"
    )
    event_heartbeat_seconds: float = Field(15.0, gt=0)
    answer_wait_seconds: float = Field(
        2.0, ge=0, description="How long an answer to a review waits to be told what became of it"
    )
