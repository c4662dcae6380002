"""The model catalogue: which routes an alias stands for, and where a provider is reached.

`models.yaml`, read by the router (to call), by the ledger (to price what may be called) and by the
orchestrator (to know how much a model takes).
"""

from pathlib import Path
from typing import Annotated, Self

from pydantic import AliasChoices, Field, StringConstraints, model_validator

from contracts.model import Route
from contracts.run import DEFAULT_CONTEXT_TOKENS
from contracts.shape import Seconds, Token, Written
from shared.config import load_yaml

DEFAULT_TIME_LIMIT_SECONDS = 60
ROUTES_LIMIT = 8
# It runs inside the router's own process, so it has no address and no key.
BUILT_IN_PROVIDERS = frozenset({"fake"})

VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")]


class Provider(Written):
    """Names of environment variables. Addresses and keys themselves never stand in a file."""

    base_url_env: VariableName
    api_key_env: VariableName


class Alias(Written):
    """What an agent calls a model: the routes to it, the preferred one first."""

    routes: Annotated[tuple[Route, ...], Field(min_length=1, max_length=ROUTES_LIMIT)]
    time_limit_seconds: Seconds = Field(
        DEFAULT_TIME_LIMIT_SECONDS,
        validation_alias=AliasChoices("time_limit_seconds", "time_limit"),
    )
    context_tokens: Annotated[int, Field(ge=1000, le=100_000_000)] = Field(
        DEFAULT_CONTEXT_TOKENS,
        description="What the smallest of its models takes in one call, answer included",
    )


class Models(Written):
    """`models.yaml`."""

    aliases: dict[Token, Alias]
    providers: dict[Token, Provider] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _every_route_is_reachable(self) -> Self:
        known = self.providers.keys() | BUILT_IN_PROVIDERS
        for name, alias in self.aliases.items():
            for route in alias.routes:
                if route.provider not in known:
                    raise ValueError(
                        f"alias {name!r} goes to the provider {route.provider!r}; "
                        f"add it under `providers`, or use one of {sorted(known)}"
                    )
        return self


def load_models(config_dir: Path) -> Models:
    """The catalogue of a configuration folder.

    Raises:
        ConfigError: naming the file, the place in it, and what is wrong there.
    """
    return load_yaml(config_dir / "models.yaml", Models)
