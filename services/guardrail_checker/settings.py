"""Settings of the guardrail checker."""

from pydantic import Field

from shared.settings import CanarySettings, ServiceSettings, service_config


class Settings(ServiceSettings, CanarySettings):
    model_config = service_config("guardrail_checker")

    check_timeout_seconds: float = Field(2.0, gt=0, description="A check that is later says no")
