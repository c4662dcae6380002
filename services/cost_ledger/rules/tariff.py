"""What a model costs: the dearest possible price of a call, and the price of what was used.

Dollars per million tokens are micro-dollars per token, so no unit is converted here. Fractions
live only inside this file: a hold is rounded up, a bill half-even, and so no bill whose usage lies
within its bounds is ever above its hold.
"""

from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal
from typing import Annotated, Literal

from pydantic import Field

from contracts.money import PriceLine, Usage
from contracts.shape import Body

PriceMatch = Literal["exact", "prefix", "override", "none"]
Rate = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]

# What a provider's wire format adds to the prompt: the frame of each turn is shorter than ours,
# but a system text of its own for tools is not (some 350 to 800 tokens where it is published).
WIRE_OVERHEAD_TOKENS = 1024


class Tier(Body):
    """A rate for all tokens of a call whose whole input is above `above_tokens`."""

    above_tokens: int = Field(ge=0)
    rate: Rate


class TieredRate(Body):
    """Micro-dollars per token, by the size of the input. Tiers go upwards."""

    base: Rate
    tiers: tuple[Tier, ...] = ()

    def at(self, input_tokens: int) -> Decimal:
        """The rate of a call with this input."""
        reached = [tier.rate for tier in self.tiers if input_tokens > tier.above_tokens]
        return reached[-1] if reached else self.base

    def dearest(self, input_tokens: int) -> Decimal:
        """The highest rate of any call with at most this input."""
        reached = (tier.rate for tier in self.tiers if input_tokens > tier.above_tokens)
        return max((self.base, *reached))


class Tariff(Body):
    """The rates of one model, one for each bucket of `Usage`."""

    input_uncached: TieredRate
    cache_read: TieredRate
    cache_write_5m: TieredRate
    cache_write_1h: TieredRate
    output_text: TieredRate
    output_reasoning: TieredRate
    match: PriceMatch

    @property
    def inputs(self) -> tuple[TieredRate, ...]:
        return (self.input_uncached, self.cache_read, self.cache_write_5m, self.cache_write_1h)

    @property
    def outputs(self) -> tuple[TieredRate, ...]:
        return (self.output_text, self.output_reasoning)


BUCKETS = tuple(Usage.model_fields)


def input_bound(prompt_bytes: int) -> int:
    """The most tokens that a prompt of this many bytes can be.

    A token of a byte-level tokeniser covers at least one byte, and JSON only ever makes text
    longer. An image would need a bound of its own; no prompt that is rebuilt from a log has one.
    """
    return prompt_bytes + WIRE_OVERHEAD_TOKENS


def upper_bound(tariff: Tariff, prompt_bytes: int, max_output_tokens: int) -> int:
    """The most that one call can cost, in micro-dollars: the amount of its hold."""
    tokens = input_bound(prompt_bytes)
    dearest_input = max(rate.dearest(tokens) for rate in tariff.inputs)
    dearest_output = max(rate.dearest(tokens) for rate in tariff.outputs)
    exact = tokens * dearest_input + max_output_tokens * dearest_output
    return int(exact.to_integral_value(rounding=ROUND_CEILING))


def bill(tariff: Tariff, usage: Usage) -> tuple[PriceLine, ...]:
    """The price of each bucket in use. The lines add up to the price of the whole, rounded once."""
    lines: list[PriceLine] = []
    exact, billed = Decimal(0), 0
    for bucket in BUCKETS:
        quantity: int = getattr(usage, bucket)
        if quantity == 0:
            continue
        rate: TieredRate = getattr(tariff, bucket)
        exact += quantity * rate.at(usage.input_total)
        total = int(exact.to_integral_value(rounding=ROUND_HALF_EVEN))
        lines.append(PriceLine(bucket=bucket, quantity=quantity, amount_micro_usd=total - billed))
        billed = total
    return tuple(lines)


def total(lines: tuple[PriceLine, ...]) -> int:
    """What the lines come to, in micro-dollars."""
    return sum(line.amount_micro_usd for line in lines)
