"""The model catalogue: which routes an alias stands for, and where a provider is reached.

`models.yaml`, read by the router (to call), by the ledger (to price what may be called) and by the
orchestrator (to know how much a model takes).
"""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    AliasChoices,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from contracts.model import Route
from contracts.run import DEFAULT_CONTEXT_TOKENS
from contracts.shape import Seconds, Token, Written
from shared.config import load_yaml

DEFAULT_TIME_LIMIT_SECONDS = 60
ROUTES_LIMIT = 8
# It runs inside the router's own process, so it has no address and no key.
BUILT_IN_PROVIDERS = frozenset({"fake"})

# Shares are their ratio: further apart than this, one of the two is never taken.
LEAST_WEIGHT = 0.001
MOST_WEIGHT = 1000


def _weight(value: float) -> float:
    if value and not LEAST_WEIGHT <= value <= MOST_WEIGHT:
        raise ValueError(f"a weight is 0, or from {LEAST_WEIGHT} to {MOST_WEIGHT}")
    return value


# Strict: `yes` is no number.
Weight = Annotated[float, Field(strict=True), AfterValidator(_weight)]
VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")]


class Provider(Written):
    """Names of environment variables. Addresses and keys themselves never stand in a file."""

    base_url_env: VariableName
    api_key_env: VariableName


class WeightedRoute(Route):
    """A route as the file has it. The log and the ledger know it without its weight."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    weight: Weight | None = Field(None, description="Share of first attempts; 0: a fallback only")

    @property
    def plain(self) -> Route:
        return Route(provider=self.provider, api=self.api, model=self.model)


class Alias(Written):
    """What an agent calls a model: the routes to it, the preferred one first.

    Where they have weights, each run draws by these where it begins, and the order is that of
    fallbacks.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    written: Annotated[tuple[WeightedRoute, ...], Field(min_length=1, max_length=ROUTES_LIMIT)] = (
        Field(alias="routes")
    )
    time_limit_seconds: Seconds = Field(
        DEFAULT_TIME_LIMIT_SECONDS,
        validation_alias=AliasChoices("time_limit_seconds", "time_limit"),
    )
    context_tokens: Annotated[int, Field(ge=1000, le=100_000_000)] = Field(
        DEFAULT_CONTEXT_TOKENS,
        description="What the smallest of its models takes in one call, answer included",
    )

    @cached_property
    def routes(self) -> tuple[Route, ...]:
        return tuple(one.plain for one in self.written)

    @cached_property
    def weights(self) -> Mapping[Route, float]:
        """That of each route; nothing where the file has none."""
        return {one.plain: one.weight for one in self.written if one.weight is not None}

    @model_validator(mode="after")
    def _all_routes_have_weights_or_none(self) -> Self:
        if not self.weights:
            return self
        for place, one in enumerate(self.written):
            name = f"routes.{place} ({one.provider}/{one.model})"
            if one.weight is None:
                raise ValueError(f"{name} has no weight, others have; 0 keeps it for fallbacks")
            if one.plain in self.routes[:place]:
                raise ValueError(f"{name} is there already; give it one weight")
        if not any(self.weights.values()):
            raise ValueError("every weight is 0; let one be above it")
        return self


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
