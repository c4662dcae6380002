"""What is done to the platform, and when: all of it follows from the seed.

The moments fall where they fall in the work of the runs, so a second play of a seed hits the same
parts in the same order, and not the same instructions.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from contracts.hearings import HEARINGS
from contracts.subjects import SERVICES
from infra.dev.assembly import service_of

NATS = "nats"
POSTGRES = "postgres"
FREEZE = "freeze"
DISK_FULL = "disk_full"
INFRASTRUCTURE = (NATS, POSTGRES, DISK_FULL)
KINDS = (*SERVICES, NATS, POSTGRES, FREEZE, DISK_FULL)
# Services that runs wait for.
WORKERS = tuple(dict.fromkeys(one.service for one in HEARINGS if one.is_awaited))

# How often each kind comes up: mostly a service, seldom what everybody stands on.
WEIGHTS: Mapping[str, int] = {**dict.fromkeys(SERVICES, 4), NATS: 2, POSTGRES: 2, FREEZE: 4}
DEFAULT_WEIGHT = 1
# Longer than the 1.5 s after which others take over, up to longer than a claim holds (5 s).
FREEZE_SECONDS = (2.5, 9.0)
DISK_FULL_SECONDS = (2.0, 5.0)


@dataclass(frozen=True, slots=True)
class Blow:
    """One thing to do: after `pause_seconds`, to the process `target`, for `seconds`."""

    pause_seconds: float
    kind: str
    target: str
    seconds: float = 0.0


def blows(
    seed: int, kinds: Sequence[str], per_minute: float, processes: Sequence[str]
) -> Iterator[Blow]:
    """Blows without end, at random moments, `per_minute` of them on average.

    Each kind comes once before any comes by chance, so that no long play leaves one out.
    """
    dice = random.Random(seed)  # noqa: S311  it must come out the same again
    weights = [WEIGHTS.get(kind, DEFAULT_WEIGHT) for kind in kinds]
    each = dice.sample(kinds, len(kinds))
    while True:
        pause = dice.expovariate(per_minute / 60.0)
        kind = each.pop() if each else dice.choices(kinds, weights)[0]
        yield _blow(dice, pause, kind, processes)


def singles(seed: int, processes: Sequence[str]) -> Iterator[str]:
    """Workers without end: every replica once before any comes again, each round in its order."""
    dice = random.Random(seed)  # noqa: S311  it must come out the same again
    workers = [name for name in processes if service_of(name) in WORKERS]
    while True:
        yield from dice.sample(workers, len(workers))


def _blow(dice: random.Random, pause: float, kind: str, processes: Sequence[str]) -> Blow:
    match kind:
        case "nats" | "postgres":
            return Blow(pause, kind, kind)
        case "disk_full":
            return Blow(pause, kind, NATS, dice.uniform(*DISK_FULL_SECONDS))
        case "freeze":
            return Blow(pause, kind, dice.choice(processes), dice.uniform(*FREEZE_SECONDS))
        case service:
            return Blow(pause, service, dice.choice(_replicas(service, processes)))


def _replicas(service: str, processes: Sequence[str]) -> list[str]:
    return [name for name in processes if service_of(name) == service]
