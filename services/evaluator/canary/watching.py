"""Runs of a canary, and of production beside it, are counted; one that does worse goes back.

The count is one value that replicas share, changed only by who has seen its last state. A run is
counted once its assessment lies in the log; and again if its end is heard twice, which changes
nothing.
"""

from dataclasses import dataclass, field

import structlog
from pydantic import ValidationError

from contracts.evaluation import RunEvaluated
from contracts.history import Run
from contracts.release import AgentReleased
from contracts.subjects import EVALUATOR
from services.evaluator.calibration.card import Card
from services.evaluator.canary.counting import CardOf, Counted, counted, does_well
from services.evaluator.canary.deciding import Verdict, judge
from services.evaluator.canary.tally import CanaryTally
from services.evaluator.metrics import RETURNED
from services.evaluator.sampling.drawing import Watched
from shared.clock import Clock
from shared.errors import Again
from shared.register import Register
from shared.release_book import ReleaseBook
from shared.release_log import ReleaseDesk

log = structlog.get_logger()

ROUNDS = 20  # tries to change the count, which others may change at that moment
BUSY_SECONDS = 0.2


def no_card(_jury: str, _metric: str) -> Card | None:
    """Nobody has calibrated any jury."""
    return None


@dataclass(frozen=True)
class Canaries:
    """What is known of releases, where the counts lie, and where a canary is taken away."""

    heads: ReleaseBook
    counts: Register
    releases: ReleaseDesk
    clock: Clock
    watched: Watched = field(default_factory=dict)
    card_of: CardOf = no_card

    def counts_run(self, run: Run) -> bool:
        """Whether a run tells something of a canary."""
        return counted(run, self.heads) is not None

    async def take(self, run: Run, evaluated: RunEvaluated | None, cost_micro_usd: int) -> None:
        """Count a run, if it counts, and take its canary away where it does worse for sure.

        The cost is that of all that was done for it, its children too.

        Raises:
            Again: others change the same count all the time.
            LogUnavailable: the log did not answer.
        """
        found = counted(run, self.heads)
        if found is None:
            return
        passed = does_well(run, evaluated, self.watched, self.card_of)
        tally = await self._add(found, run.root, cost_micro_usd, passed=passed)
        verdict = judge(tally, found.canary.rules)
        if verdict.sends_back:
            await self._take_away(found.canary, verdict)

    async def _add(
        self, found: Counted, run: str, cost_micro_usd: int, *, passed: bool
    ) -> CanaryTally:
        for _ in range(ROUNDS):
            value, revision = await self.counts.load(found.name)
            before = _tally(value, found)
            after = before.add(
                run,
                is_canary=found.is_canary,
                passed=passed,
                cost_micro_usd=cost_micro_usd,
            )
            if after == before:
                return before
            body = after.model_dump_json().encode()
            if await self.counts.store(found.name, body, revision) is not None:
                return after
        raise Again(f"others count runs of {found.name} at this moment", BUSY_SECONDS)

    async def _take_away(self, canary: AgentReleased, verdict: Verdict) -> None:
        """Once: whoever reads the log then finds no canary to take away."""
        # The nonce follows from the canary, so that replicas that see it at once say one thing.
        told = AgentReleased(
            agent=canary.agent,
            label="canary",
            asked_by=EVALUATOR,
            reason=verdict.sentence,
            at=self.clock.now(),
            nonce=f"{canary.nonce}-back",
        )
        await self.releases.give(told)
        log.warning("evaluator.canary_returned", agent=canary.agent, reason=verdict.sentence)
        RETURNED.labels(canary.agent, verdict.outcome).inc()


def _tally(value: bytes, found: Counted) -> CanaryTally:
    """The count so far; a new one where it is of other versions, or cannot be read."""
    ours, theirs = found.versions
    fresh = CanaryTally(canary_version=ours, production_version=theirs)
    if not value:
        return fresh
    try:
        tally = CanaryTally.model_validate_json(value)
    except ValidationError:
        log.warning("evaluator.unreadable_count", agent=found.name)
        return fresh
    return tally if (tally.canary_version, tally.production_version) == found.versions else fresh
