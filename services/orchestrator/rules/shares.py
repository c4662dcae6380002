"""Who has used how much of late, in tokens: what fairness among tenants is measured by.

What a run will use is guessed when it is admitted, or a tenant that had used nothing could take
every place before the first of its runs had ended; the guess is put right by what was used.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from contracts.shape import Body, UtcTime

GUESS_MEMORY = 0.8  # of what is known of a tenant's runs stays, when another one has ended
TENANTS_KEPT = 1000
FORGOTTEN_BELOW_TOKENS = 1.0


@dataclass(frozen=True, slots=True)
class Fairness:
    """How shares are reckoned."""

    half_life_seconds: float = 600.0
    guess_tokens: int = 5000
    weights: Mapping[str, float] = field(default_factory=dict)


class Share(Body):
    """What a tenant has used of late, as of a moment; and what a run of it uses as a rule."""

    tokens: float
    at: UtcTime
    run_tokens: float


Shares = dict[str, Share]


def used(shares: Shares, tenant: str, fairness: Fairness, now: datetime) -> float:
    """Tokens of late for each unit of the tenant's weight; what is old counts less and less."""
    return _left(shares, tenant, fairness, now) / fairness.weights.get(tenant, 1.0)


def guess(shares: Shares, tenant: str, fairness: Fairness) -> float:
    """What a run of the tenant is expected to use."""
    share = shares.get(tenant)
    return float(fairness.guess_tokens) if share is None else share.run_tokens


def charge(shares: Shares, tenant: str, tokens: float, fairness: Fairness, now: datetime) -> Shares:
    """Count what was, or will be used."""
    changed = Share(
        tokens=_left(shares, tenant, fairness, now) + tokens,
        at=now,
        run_tokens=guess(shares, tenant, fairness),
    )
    return _kept({**shares, tenant: changed}, fairness, now)


def correct(
    shares: Shares,
    tenant: str,
    tokens: int,
    guessed: tuple[float, datetime],
    fairness: Fairness,
    now: datetime,
) -> Shares:
    """Put what was used in the place of what was guessed then and is not forgotten yet."""
    expected, since = guessed
    left = _left(shares, tenant, fairness, now) - expected * _fading(since, fairness, now)
    usual = guess(shares, tenant, fairness)
    changed = Share(
        tokens=max(0.0, left) + tokens,
        at=now,
        run_tokens=GUESS_MEMORY * usual + (1 - GUESS_MEMORY) * tokens,
    )
    return _kept({**shares, tenant: changed}, fairness, now)


def _left(shares: Shares, tenant: str, fairness: Fairness, now: datetime) -> float:
    share = shares.get(tenant)
    return 0.0 if share is None else share.tokens * _fading(share.at, fairness, now)


def _fading(since: datetime, fairness: Fairness, now: datetime) -> float:
    """How much of what was used at a moment counts now. Clocks of replicas may differ a little."""
    seconds = max(0.0, (now - since).total_seconds())
    return float(0.5 ** (seconds / fairness.half_life_seconds))


def _kept(shares: Shares, fairness: Fairness, now: datetime) -> Shares:
    """Without the tenants that have used next to nothing, and no more than so many."""
    live = {tenant: _left(shares, tenant, fairness, now) for tenant in shares}
    most = sorted(live, key=lambda tenant: live[tenant], reverse=True)[:TENANTS_KEPT]
    return {name: shares[name] for name in most if live[name] >= FORGOTTEN_BELOW_TOKENS}
