"""Settings of the model router."""

from pydantic import Field

from shared.settings import CanarySettings, ServiceSettings, service_config

from .rules import Limits


class Settings(ServiceSettings, CanarySettings):
    model_config = service_config("model_router")

    in_flight: int = Field(256, ge=1, le=10_000, description="Calls that wait for a model at once")
    max_attempts: int = Field(3, ge=1, le=20, description="Attempts at one step, all routes")
    retries_per_route: int = Field(1, ge=0, le=20, description="Before the next route is tried")
    wait_limit_seconds: float = Field(5.0, ge=0, le=30, description="A longer wait is a timer's")
    defer_limit_seconds: float = Field(
        3600.0, ge=0, le=86_400, description="A still longer wait is not waited at all"
    )
    backoff_seconds: float = Field(0.5, ge=0, le=30, description="Doubles with every attempt")
    start_within_seconds: float = Field(5.0, gt=0, le=60, description="From the claim to the call")
    takeover_seconds: float = Field(
        2.0, gt=0, le=5, description="Before a claim is looked at again"
    )
    # The engine takes messages of 1 MiB; headers and envelope need their part of it.
    answer_limit_bytes: int = Field(700_000, ge=1_000, le=1_000_000)

    @property
    def limits(self) -> Limits:
        return Limits(
            max_attempts=self.max_attempts,
            retries_per_route=self.retries_per_route,
            wait_limit_seconds=self.wait_limit_seconds,
            defer_limit_seconds=self.defer_limit_seconds,
            backoff_seconds=self.backoff_seconds,
            start_within_seconds=self.start_within_seconds,
            takeover_seconds=self.takeover_seconds,
            answer_limit_bytes=self.answer_limit_bytes,
        )
