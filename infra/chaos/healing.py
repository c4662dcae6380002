"""What the recoveries come to, and what of it breaks a promise. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .killer import Strike
from .recovery import Recovery
from .result import Spread

# After a SIGKILL, 99 of 100 messages that the worker held must have gone on by then.
P99_LIMIT_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Healing:
    """How work in hand went on: in single kills, in all and by service; and under fire.

    Calls in mid-effect are in neither, since their wait is by design; if they never went on, they
    are in `never` as everything else. Under fire the listener is cut off at times: of what it could
    not see settled, the engine's own count in the end says that nothing was left.
    """

    single: Spread
    by_service: dict[str, Spread]
    under_fire: Spread
    never: list[Recovery]

    @classmethod
    def of(cls, recovered: Sequence[Recovery]) -> "Healing":
        single = [each for each in recovered if each.is_single and each.kind == "work"]
        fire = [each for each in recovered if not each.is_single and each.kind == "work"]
        services = sorted({each.service for each in single})
        return cls(
            single=_spread(single),
            by_service={
                name: _spread(each for each in single if each.service == name) for name in services
            },
            under_fire=_spread(fire),
            never=[each for each in recovered if each.is_single and each.seconds is None],
        )


def unhealed(healing: Healing, left: Mapping[str, int], wanted: int) -> list[str]:
    """Every broken promise about recovery as a sentence; `left` is what each consumer still has."""
    broken = [
        f"unrecovered: {one.service} never went on with {one.fact_type} of {one.run_id}"
        for one in healing.never
    ]
    broken += [f"unrecovered: {count} messages of {name}" for name, count in left.items()]
    if healing.single.p99 > P99_LIMIT_SECONDS:
        broken.append(f"slow: recovery p99 {healing.single.p99} s, past {P99_LIMIT_SECONDS} s")
    if healing.single.count < wanted:
        broken.append(f"unproven: {healing.single.count} of {wanted} recoveries were seen")
    return broken


def still_down(strikes: Iterable[Strike]) -> list[str]:
    """Workers that were killed singly and did not come back, as sentences."""
    return [
        f"down: {one.target} did not hear again"
        for one in strikes
        if one.is_single and one.over_at is None
    ]


def _spread(recovered: Iterable[Recovery]) -> Spread:
    return Spread.of([each.seconds for each in recovered if each.seconds is not None])
