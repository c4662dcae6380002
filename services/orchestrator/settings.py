"""Settings of the orchestrator."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from contracts.shape import Token
from services.orchestrator.rules.rates import STARTS_LIMIT
from shared.settings import ServiceSettings, service_config

PerMinute = Annotated[int, Field(ge=1, le=STARTS_LIMIT)]


class Settings(ServiceSettings):
    model_config = service_config("orchestrator")

    manifests_file: Path = Field(
        Path("tools.lock.json"), validation_alias="INTERLOCK_TOOL_MANIFESTS"
    )
    sweep_seconds: float = Field(60.0, gt=0, description="An open run is looked at this often")
    parked_wake_seconds: float = Field(
        3600.0, gt=0, description="A run that ended those who woke it is looked at after so long"
    )
    open_runs: int | None = Field(
        None, ge=1, le=2000, description="Runs that may be open at once; the others wait"
    )
    open_runs_per_tenant: int | None = Field(None, ge=1, le=2000)
    starts_per_minute_per_tenant: PerMinute | None = Field(
        None, description="Runs of a tenant that may start within a minute; the others wait"
    )
    tenant_starts_per_minute: dict[Token, PerMinute] = Field(
        default_factory=dict, description="For tenants that have a limit of their own, as JSON"
    )
    starts_per_minute_per_key: PerMinute | None = Field(
        None, description="Runs with one concurrency key that may start within a minute"
    )
    queued_runs: int = Field(1000, ge=0, le=2000, description="Runs that may wait; others fail")
    queued_runs_per_tenant: int = Field(200, ge=0, le=2000)
    queue_seconds: float = Field(3600.0, gt=0, description="How long a run may wait")
    fair_half_life_seconds: float = Field(
        600.0, gt=0, description="After so long, what a tenant has used counts half"
    )
    guess_tokens: int = Field(5000, ge=1, description="What the first run of a tenant may use")
    tenant_weights: dict[Token, Annotated[float, Field(gt=0)]] = Field(
        default_factory=dict, description="Shares of tenants, as JSON; 1 where not named"
    )
    trials_act: bool = Field(
        default=False, description="The tools are a sandbox: trials that ask for it may use them"
    )
    rounds: int = Field(50, ge=1, description="Rounds of decisions after one wake-up, at most")
    roused_at_once: int = Field(64, ge=1, description="Timers set at once after an order")
