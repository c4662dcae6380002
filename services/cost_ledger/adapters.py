"""Where prices come from: the price book genai-prices, offline, with our own prices above it."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import structlog
from pydantic import Field, RootModel

from contracts.model import Route
from contracts.shape import Written, sha256_hex
from services.cost_ledger.errors import PriceBookUnusable
from services.cost_ledger.rules.offer import route_name
from services.cost_ledger.rules.tariff import PriceMatch, Tariff, Tier, TieredRate
from shared.config import load_yaml

if TYPE_CHECKING:
    # It takes seconds to import, so only the process that opens a price book does.
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, ModelPrice

log = structlog.get_logger()

# Priced on request only, for features that the router does not ask for.
ASKED_FOR_ONLY = frozenset({"web_searches_kcount", "storage_searches_kcount"})
# Priced for content other than text, which no prompt of ours carries.
OTHER_CONTENT = ("audio", "image", "video")


class PriceBook(Protocol):
    """Knows what a model costs at a moment."""

    version: str

    def tariff(self, route: Route, moment: datetime) -> Tariff | None:
        """The rates of a route; None where it has no price."""
        ...


class Price(Written):
    """An entry of `prices.yaml`, in US dollars per million tokens."""

    input_per_million_usd: Decimal = Field(ge=0)
    output_per_million_usd: Decimal = Field(ge=0)
    cache_read_per_million_usd: Decimal | None = Field(None, ge=0)
    cache_write_per_million_usd: Decimal | None = Field(None, ge=0)
    cache_write_1h_per_million_usd: Decimal | None = Field(None, ge=0)

    def tariff(self) -> Tariff:
        """The same as rates; what is left out costs what it is a kind of."""
        entry = TieredRate(base=self.input_per_million_usd)
        output = TieredRate(base=self.output_per_million_usd)
        write = _or(self.cache_write_per_million_usd, entry)
        return Tariff(
            input_uncached=entry,
            cache_read=_or(self.cache_read_per_million_usd, entry),
            cache_write_5m=write,
            cache_write_1h=_or(self.cache_write_1h_per_million_usd, write),
            output_text=output,
            output_reasoning=output,
            match="override",
        )


class Prices(RootModel[dict[str, Price]]):
    """`prices.yaml`: `provider/model` to a price."""


class GenaiPriceBook:
    """The snapshot inside the installed genai-prices; it never looks for news on the network."""

    def __init__(self, snapshot: "DataSnapshot", overrides: Prices) -> None:
        text = overrides.model_dump_json()
        release = version("genai-prices")
        self.version = f"genai-prices-{release}+{sha256_hex(text.encode())[:8]}"
        self._snapshot = snapshot
        # Everything that cannot change with time is worked out once.
        self._fixed: dict[str, Tariff | None] = {
            name: price.tariff() for name, price in overrides.root.items()
        }

    def tariff(self, route: Route, moment: datetime) -> Tariff | None:
        name = route_name(route)
        if name in self._fixed:
            return self._fixed[name]
        model = self._find(route)
        tariff = None if model is None else self._read(name, model, route, moment)
        if model is None or not isinstance(model.prices, list):
            self._fixed[name] = tariff
        return tariff

    def _find(self, route: Route) -> "ModelInfo | None":
        try:
            provider, model = self._snapshot.find_provider_model(
                route.model, None, route.provider, None
            )
        except LookupError:
            return None
        # It also finds a provider by pieces of its name, and that may be somebody else.
        return model if provider.id == route.provider else None

    def _read(self, name: str, model: "ModelInfo", route: Route, moment: datetime) -> Tariff | None:
        match: PriceMatch = "exact" if _names(model, route.model) else "prefix"
        try:
            return _tariff(name, model.get_prices(moment), match)
        except PriceBookUnusable as error:
            log.warning("cost_ledger.price_unusable", route=name, reason=str(error))
            return None


class FixedPriceBook:
    """A price book for tests: exactly what it is given."""

    def __init__(self, tariffs: dict[str, Tariff], version: str = "fixed") -> None:
        self.version = version
        self._tariffs = tariffs

    def tariff(self, route: Route, moment: datetime) -> Tariff | None:  # noqa: ARG002 - fixed
        return self._tariffs.get(route_name(route))


async def open_price_book(config_dir: Path) -> GenaiPriceBook:
    """Read `prices.yaml`, and the price book beside the event loop: it takes seconds.

    Raises:
        ConfigError: the file does not parse.
    """
    overrides = load_yaml(config_dir / "prices.yaml", Prices)
    return GenaiPriceBook(await asyncio.to_thread(_snapshot), overrides)


def _snapshot() -> "DataSnapshot":
    from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415 - seconds to import

    return get_snapshot()


def _tariff(name: str, price: "ModelPrice", match: PriceMatch) -> Tariff:
    found = {key: value for key, value in vars(price).items() if value is not None}
    _refuse_unknown(name, found)
    if price.input_mtok is None or price.output_mtok is None:
        raise PriceBookUnusable(name, "it has no rate for input or for output")
    entry, output = _rate(price.input_mtok), _rate(price.output_mtok)
    write = _rate(price.cache_write_mtok, entry)
    return Tariff(
        input_uncached=entry,
        cache_read=_rate(price.cache_read_mtok, entry),
        cache_write_5m=write,
        cache_write_1h=_rate(price.cache_write_1h_mtok, write),
        output_text=output,
        output_reasoning=_rate(price.output_reasoning_mtok, output),
        match=match,
    )


READ = frozenset(
    {
        "input_mtok",
        "output_mtok",
        "cache_read_mtok",
        "cache_write_mtok",
        "cache_write_1h_mtok",
        "output_reasoning_mtok",
    }
)


def _refuse_unknown(name: str, keys: Iterable[str]) -> None:
    """A charge that we do not understand may be on every call."""
    for key in keys:
        if key in READ or key in ASKED_FOR_ONLY or any(word in key for word in OTHER_CONTENT):
            continue
        raise PriceBookUnusable(name, f"{key!r} is not a price that this ledger knows")


def _rate(value: object, fallback: TieredRate | None = None) -> TieredRate:
    """A rate of the price book: a number, a number with tiers, or nothing."""
    if value is None and fallback is not None:
        return fallback
    if isinstance(value, Decimal):
        return TieredRate(base=value)
    tiers = tuple(
        Tier(above_tokens=tier.start, rate=tier.price) for tier in getattr(value, "tiers", ())
    )
    return TieredRate(base=getattr(value, "base"), tiers=tiers)  # noqa: B009 - untyped on purpose


def _or(value: Decimal | None, fallback: TieredRate) -> TieredRate:
    return fallback if value is None else TieredRate(base=value)


def _names(model: "ModelInfo", asked: str) -> bool:
    """Whether the book means exactly this name: its own id, or one that it lists as equal."""
    from genai_prices.types import ClauseEquals, ClauseOr  # noqa: PLC0415 - seconds to import

    clauses = model.match.or_ if isinstance(model.match, ClauseOr) else [model.match]
    return model.id == asked or any(
        isinstance(clause, ClauseEquals) and clause.equals == asked for clause in clauses
    )
