"""Many seeds, one process for each core, and what they came to together."""

import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from .log import Violation
from .world import Outcome, simulate

SEEDS_AT_ONCE = 10  # that one process is handed


@dataclass
class Total:
    """The sum of many outcomes."""

    seeds: int = 0
    runs: int = 0
    crashes: int = 0
    seconds: float = 0.0
    ends: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    said: Counter[str] = field(default_factory=Counter)
    violations: list[dict[str, object]] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        # `asdict` would make a counter of pairs of a counter.
        counted = {"ends": dict(self.ends), "faults": dict(self.faults), "said": dict(self.said)}
        return {**vars(self), **counted}

    @property
    def facts(self) -> int:
        return self.said.total()

    def add(self, outcome: Outcome) -> None:
        self.seeds += 1
        self.runs += outcome.ends.total()
        self.said += outcome.said
        self.crashes += outcome.crashes
        self.ends += outcome.ends
        self.faults += outcome.faults
        self.violations += [
            {"seed": outcome.seed, "rule": one.rule, "sentence": one.sentence}
            for one in outcome.violations
        ]


def simulate_many(seeds: Sequence[int], progress: Callable[[int], None] = lambda _: None) -> Total:
    """Every seed; `progress` is told how many are done after each handful."""
    total, started = Total(), time.perf_counter()
    handfuls = [seeds[at : at + SEEDS_AT_ONCE] for at in range(0, len(seeds), SEEDS_AT_ONCE)]
    with ProcessPoolExecutor(min(os.cpu_count() or 1, max(1, len(handfuls)))) as pool:
        for outcomes in pool.map(_simulate_each, handfuls):
            for outcome in outcomes:
                total.add(outcome)
            progress(total.seeds)
    total.seconds = round(time.perf_counter() - started, 1)
    return total


def simulate_safely(seed: int, *, keep_trace: bool = False) -> Outcome:
    """One seed. What breaks the simulation itself, such as a fold that raises, is a violation."""
    try:
        return simulate(seed, keep_trace=keep_trace)
    except Exception as error:  # noqa: BLE001 - the edge: the other seeds still count
        broken = Violation("the_world_holds", f"the simulation ended with {error!r}")
        return Outcome(seed, Counter(), Counter(), 0, Counter(), 0.0, (broken,), "", ())


def _simulate_each(seeds: Sequence[int]) -> list[Outcome]:
    return [simulate_safely(seed) for seed in seeds]
