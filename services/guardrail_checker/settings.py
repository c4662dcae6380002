"""Settings of the guardrail checker."""

from pathlib import Path

from pydantic import Field

from shared.settings import CanarySettings, ServiceSettings, service_config


class Settings(ServiceSettings, CanarySettings):
    model_config = service_config("guardrail_checker")

    manifests_file: Path = Field(
        Path("tools.lock.json"), validation_alias="INTERLOCK_TOOL_MANIFESTS"
    )
    check_timeout_seconds: float = Field(2.0, gt=0, description="A check that is later says no")
