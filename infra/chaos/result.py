"""The one object that a run of chaos gives."""

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from .verdict import Verdict

PERCENTILE = 0.99


@dataclass(frozen=True, slots=True)
class Spread:
    """How a figure is distributed; zeros where there is none."""

    count: int
    p50: float
    p99: float
    max: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Spread":
        if not seconds:
            return cls(0, 0.0, 0.0, 0.0)
        ordered = sorted(seconds)
        rank = math.ceil(PERCENTILE * len(ordered))
        shown = (statistics.median(ordered), ordered[rank - 1], ordered[-1])
        return cls(len(ordered), *(round(one, 3) for one in shown))


@dataclass(frozen=True)
class ChaosResult:
    """Figures first; `found` names what broke a promise, and is empty where none was broken.

    `recover_seconds` is of all work that a killed worker had in hand, in single kills, until it
    went on; `recover_under_fire` the same where other blows fell into it; `unrecovered` is work
    that never went on, or that nobody had settled in the end; `mid_effect` of tool calls that were
    killed in the middle, until `tool.unknown` was said; `restart_seconds` of killed services, until
    that replica was ready again.
    """

    runs: int
    completed: int
    failed_by_rule: dict[str, int]
    cancelled: int
    lost: int
    duplicated: int
    overspent: int
    unknown_unasked: int
    contradicted: int
    unknown_asked: int
    unknown_retried: int
    unknown_settled_late: int
    charges: int
    holds_open: int
    budgets_unbalanced: int
    kills: dict[str, int]
    kills_not_possible: dict[str, str]
    recover_seconds_p50: float
    recover_seconds_p99: float
    recover_seconds_max: float
    recover_samples: int
    recover_kills: int
    recover_by_service: dict[str, Spread]
    recover_under_fire: Spread
    unrecovered: int
    mid_effect_unknown_seconds: Spread
    restart_seconds: Spread
    durability: str
    replicas: int
    concurrency: int
    seconds: float
    seed: int
    found: list[str]

    def as_json(self) -> dict[str, object]:
        return asdict(self)

    @property
    def is_clean(self) -> bool:
        return not self.found


def named(verdict: Verdict, charges: int) -> list[str]:
    """Every broken promise as a sentence; and where no money was moved, that none was put to it."""
    return [
        *(() if charges else ("unproven: no tool has charged anything",)),
        *(f"lost: {one}" for one in verdict.lost),
        *(f"duplicated: {one}" for one in verdict.duplicated),
        *(f"overspent: {one}" for one in verdict.overspent),
        *(f"unknown_unasked: {one}" for one in verdict.unknown_unasked),
        *(f"contradicted: {one}" for one in verdict.contradicted),
    ]


def counted(kinds: Sequence[str]) -> dict[str, int]:
    return dict(sorted(Counter(kinds).items()))
