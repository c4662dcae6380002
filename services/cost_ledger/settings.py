"""Settings of the cost ledger: `INTERLOCK_COST_LEDGER_<NAME>`."""

from pydantic import Field

from shared.settings import PostgresSettings, ServiceSettings, service_config


class Settings(ServiceSettings, PostgresSettings):
    """Defaults work on a laptop."""

    model_config = service_config("cost_ledger")

    # An ended run waits for its calls in flight by further deliveries, 20 in all: the longest
    # delay between two has to be long enough that they outlast the time limit of a call.
    retry_cap_seconds: float = Field(60.0, gt=0)
    default_time_limit_seconds: float = Field(
        120.0, gt=0, description="Of a claimed call whose claim does not say its own"
    )
    silence_margin_seconds: float = Field(
        10.0, ge=0, description="Added to a call's time limit before it becomes a liability"
    )
    resolve_tries: int = Field(5, ge=1, description="Looks at a hold that others are changing")
