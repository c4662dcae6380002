"""Settings of the orchestrator."""

from pathlib import Path

from pydantic import Field

from shared.settings import ServiceSettings, service_config


class Settings(ServiceSettings):
    model_config = service_config("orchestrator")

    manifests_file: Path = Field(
        Path("tools.lock.json"), validation_alias="INTERLOCK_TOOL_MANIFESTS"
    )
    sweep_seconds: float = Field(60.0, gt=0, description="An open run is looked at this often")
    rounds: int = Field(50, ge=1, description="Rounds of decisions after one wake-up, at most")
