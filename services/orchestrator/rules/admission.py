"""Who may start when: caps on open runs, one run per concurrency key, fair shares among tenants.

The whole state is one small value, changed by compare-and-set when a run starts and when it ends.
Whoever frees a place gives it to the next, in the same change: of all tenants to the one that has
used the fewest tokens of late, for its weight; of its runs to the one with the highest priority;
and of those to the oldest. Whom only the rate of starts keeps waiting, time lets in: each change
tells who is next by that, and when.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from contracts.run import QueuedBy
from contracts.shape import Body, UtcTime

from .rates import Rates, Shut, Starts, Window, started
from .shares import Fairness, Shares, charge, correct, guess, used

PLACES_LIMIT = 2000  # the value has to fit a message, whatever the caps


@dataclass(frozen=True, slots=True)
class Caps:
    """How many runs may be open, how many may wait, and how many start. None is no cap."""

    open_runs: int | None = None
    open_runs_per_tenant: int | None = None
    queued_runs: int = 1000
    queued_runs_per_tenant: int = 200
    queue_seconds: float = 3600.0
    fairness: Fairness = field(default_factory=Fairness)
    rates: Rates = field(default_factory=Rates)

    @property
    def are_set(self) -> bool:
        """Whether they are about runs without a concurrency key, too."""
        capped = self.open_runs is not None or self.open_runs_per_tenant is not None
        return capped or self.rates.are_set


class Waiter(Body):
    """A run that asks for a place."""

    tenant: str
    run_id: str
    concurrency_key: str | None = None
    priority: int = 5
    since: UtcTime

    @property
    def name(self) -> tuple[str, str]:
        return self.tenant, self.run_id


class Place(Body):
    """A run that has one. `tokens` is what it was guessed to use."""

    tenant: str
    run_id: str
    concurrency_key: str | None = None
    since: UtcTime
    tokens: float

    @property
    def name(self) -> tuple[str, str]:
        return self.tenant, self.run_id


class Admissions(Body):
    """Who has a place, who waits for one, who has used how much, and what has started of late."""

    open: tuple[Place, ...] = ()
    waiting: tuple[Waiter, ...] = ()
    shares: Shares = {}  # noqa: RUF012 - pydantic copies it
    starts: Starts = Starts()


@dataclass(frozen=True, slots=True)
class Admitted:
    """The run may start."""


@dataclass(frozen=True, slots=True)
class Queued:
    """The run waits, and why."""

    rule: QueuedBy
    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The run is not even kept waiting."""

    reason: str


Answer = Admitted | Queued | Refused
ADMITTED = Admitted()


@dataclass(frozen=True, slots=True)
class Soon:
    """The run that time alone lets in, and when, if no other comes before it."""

    waiter: Waiter
    at: datetime


@dataclass(frozen=True, slots=True)
class Turn:
    """The state after a change, who was admitted by it, and who is next by the clock."""

    state: Admissions
    admitted: tuple[Waiter, ...] = ()
    soon: Soon | None = None


def arrive(state: Admissions, asks: Waiter, caps: Caps, now: datetime) -> tuple[Turn, Answer]:
    """A run asks for a place; however often it asks, it has one at most."""
    if any(place.name == asks.name for place in state.open):
        return Turn(state, soon=soonest(state, caps, now)), ADMITTED
    known = next((one for one in state.waiting if one.name == asks.name), None)
    queued = state if known is not None else _with(state, waiting=(*state.waiting, asks))
    turn = _admit(queued, caps, now)
    if any(one.name == asks.name for one in turn.admitted):
        return turn, ADMITTED
    refusal = _refusal(turn.state, known or asks, caps, now, is_new=known is None)
    if refusal is not None:
        rest = _without(turn.state, asks.name)
        return Turn(rest, turn.admitted, soonest(rest, caps, now)), refusal
    return turn, _why(turn.state, asks, caps, now)


def leave(state: Admissions, name: tuple[str, str], tokens: int, caps: Caps, now: datetime) -> Turn:
    """A run has ended: its place is free, and what it used counts for its tenant."""
    place = next((one for one in state.open if one.name == name), None)
    shares = state.shares
    if place is not None:
        guessed = place.tokens, place.since
        shares = correct(shares, name[0], tokens, guessed, caps.fairness, now)
    elif tokens:
        shares = charge(shares, name[0], tokens, caps.fairness, now)
    return _admit(_with(_without(state, name), shares=shares), caps, now)


def _admit(state: Admissions, caps: Caps, now: datetime) -> Turn:
    """Give away every place that is free."""
    admitted: list[Waiter] = []
    while (chosen := _next(state, caps, now)) is not None:
        admitted.append(chosen)
        state = _seat(state, chosen, caps, now)
    return Turn(state, tuple(admitted), soonest(state, caps, now))


def soonest(state: Admissions, caps: Caps, now: datetime) -> Soon | None:
    """Whom only the rate of starts keeps waiting: the first that it lets in."""
    if not caps.rates.of_any:
        return None
    found = [
        Soon(waiter, shut.until) for waiter, shut in _by_turn(state, caps, now) if shut is not None
    ]
    return min(found, key=lambda one: one.at, default=None)


def _next(state: Admissions, caps: Caps, now: datetime) -> Waiter | None:
    """The next run to get a place, if there is a place and somebody may have it."""
    return next((one for one, shut in _by_turn(state, caps, now) if shut is None), None)


def _by_turn(state: Admissions, caps: Caps, now: datetime) -> Iterator[tuple[Waiter, Shut | None]]:
    """Those for whom there is a place, in the order of their turns, and what rate stops them."""
    if len(state.open) >= (caps.open_runs or PLACES_LIMIT):
        return
    tenants = {one.tenant for one in state.waiting}
    before = {name: used(state.shares, name, caps.fairness, now) for name in tenants}
    window = Window(state.starts, caps.rates, now)
    for one in sorted(
        _eligible(state, caps),
        key=lambda one: (before[one.tenant], one.tenant, one.priority, one.since),
    ):
        yield one, window.shut(one.tenant, one.concurrency_key)


def _eligible(state: Admissions, caps: Caps) -> Iterator[Waiter]:
    opened = Counter(place.tenant for place in state.open)
    keys = {(place.tenant, place.concurrency_key) for place in state.open}
    for one in state.waiting:
        full = caps.open_runs_per_tenant is not None and (
            opened[one.tenant] >= caps.open_runs_per_tenant
        )
        keyed = one.concurrency_key is not None
        if not full and not (keyed and (one.tenant, one.concurrency_key) in keys):
            yield one


def _seat(state: Admissions, chosen: Waiter, caps: Caps, now: datetime) -> Admissions:
    expected = guess(state.shares, chosen.tenant, caps.fairness)
    place = Place(
        tenant=chosen.tenant,
        run_id=chosen.run_id,
        concurrency_key=chosen.concurrency_key,
        since=now,
        tokens=expected,
    )
    shares = charge(state.shares, chosen.tenant, expected, caps.fairness, now)
    rest = _without(state, chosen.name)
    key = chosen.concurrency_key
    starts = started(state.starts, caps.rates, chosen.tenant, key, now)
    return _with(rest, open=(*rest.open, place), shares=shares, starts=starts)


def _refusal(
    state: Admissions, asks: Waiter, caps: Caps, now: datetime, *, is_new: bool
) -> Refused | None:
    waited = (now - asks.since).total_seconds()
    if waited > caps.queue_seconds:
        return Refused(f"it waited {waited:.0f} s for its turn, and may {caps.queue_seconds}")
    mine = sum(one.tenant == asks.tenant for one in state.waiting)
    if is_new and mine > caps.queued_runs_per_tenant:
        return Refused(f"{mine - 1} runs of {asks.tenant} wait already, as many as may")
    if is_new and len(state.waiting) > caps.queued_runs:
        return Refused(f"{len(state.waiting) - 1} runs wait already, as many as may")
    return None


def _why(state: Admissions, asks: Waiter, caps: Caps, now: datetime) -> Queued:
    """What keeps a run waiting, as somebody who looks at it wants to know."""
    mine = [place for place in state.open if place.tenant == asks.tenant]
    wanted = asks.concurrency_key
    holder = next((one for one in mine if wanted and one.concurrency_key == wanted), None)
    if holder is not None:
        return Queued("concurrency_key", f"run {holder.run_id} has its key {wanted!r}")
    if caps.open_runs_per_tenant is not None and len(mine) >= caps.open_runs_per_tenant:
        return Queued("tenant_cap", f"{len(mine)} runs of {asks.tenant} are open, as many as may")
    shut = Window(state.starts, caps.rates, now).shut(asks.tenant, wanted)
    if shut is not None:
        return Queued(shut.rule, _told(shut, asks))
    shares, fairness = state.shares, caps.fairness
    least = min(used(shares, one.tenant, fairness, now) for one in state.waiting)
    if used(shares, asks.tenant, fairness, now) > least:
        return Queued("fair_share", "others have used less of late, and are next")
    return Queued("platform_cap", f"{len(state.open)} runs are open, as many as may")


def _told(shut: Shut, asks: Waiter) -> str:
    whose = {
        "tenant_rate": f"of {asks.tenant} ",
        "key_rate": f"with its key {asks.concurrency_key!r} ",
        "platform_rate": "",
    }[shut.rule]
    runs = f"1 run {whose}" if shut.most == 1 else f"{shut.most} runs {whose}"
    next_at = shut.until.isoformat(timespec="seconds")
    return f"{runs}started within a minute, as many as may; the next may at {next_at}"


def _without(state: Admissions, name: tuple[str, str]) -> Admissions:
    return _with(
        state,
        open=tuple(one for one in state.open if one.name != name),
        waiting=tuple(one for one in state.waiting if one.name != name),
    )


def _with(state: Admissions, **changes: object) -> Admissions:
    return state.model_copy(update=changes)
