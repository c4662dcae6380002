"""The count of a canary and of production beside it: sums, from which means and errors follow.

It is one value that replicas share. A run that is counted twice changes nothing, as long as it is
among the last that were counted.
"""

from contracts.shape import Body, MicroUsd, sha256_hex

RECENT_LIMIT = 1000
DIGEST_DIGITS = 12


class Side(Body):
    """The runs of one side. Costs are in micro-dollars; sums of whole numbers are exact."""

    runs: int = 0
    passed: int = 0
    cost: MicroUsd = 0
    cost_squared: int = 0

    def add(self, *, passed: bool, cost_micro_usd: int) -> "Side":
        return Side(
            runs=self.runs + 1,
            passed=self.passed + passed,
            cost=self.cost + cost_micro_usd,
            cost_squared=self.cost_squared + cost_micro_usd**2,
        )

    @property
    def mean_cost(self) -> float:
        return self.cost / self.runs

    @property
    def cost_variance(self) -> float:
        """Of one run, unbiased."""
        spread = self.cost_squared * self.runs - self.cost**2
        return spread / (self.runs * (self.runs - 1))

    @property
    def rate(self) -> float:
        return self.passed / self.runs

    @property
    def rate_variance(self) -> float:
        """Of one run. As if one more had passed and one had not: never 0, so never too sure."""
        smoothed = (self.passed + 1) / (self.runs + 2)
        return smoothed * (1 - smoothed)


class CanaryTally(Body):
    """Both sides, of these two versions of an agent. `recent` are digests of runs."""

    canary_version: str
    production_version: str
    canary: Side = Side()
    production: Side = Side()
    recent: tuple[str, ...] = ()

    def add(self, run: str, *, is_canary: bool, passed: bool, cost_micro_usd: int) -> "CanaryTally":
        """With one run more; the same, if that run was counted already."""
        digest = sha256_hex(run.encode())[:DIGEST_DIGITS]
        if digest in self.recent:
            return self
        side = self.canary if is_canary else self.production
        more = side.add(passed=passed, cost_micro_usd=cost_micro_usd)
        recent = (*self.recent, digest)[-RECENT_LIMIT:]
        where = "canary" if is_canary else "production"
        return self.model_copy(update={where: more, "recent": recent})
