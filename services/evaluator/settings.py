"""Settings of the evaluator: `INTERLOCK_EVALUATOR_<NAME>`."""

from pydantic import Field, SecretStr

from shared.settings import ServiceSettings, service_config


class Settings(ServiceSettings):
    model_config = service_config("evaluator")

    databases: dict[str, SecretStr] = Field(
        default_factory=dict,
        description='That scorers may look at, as JSON: {"shop": "postgresql://reader@host/shop"}',
    )
