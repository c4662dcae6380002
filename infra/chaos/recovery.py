"""How long the work of a killed worker lay still. Pure: from strikes, settlements and the log.

A delivery that was never settled, of a message that was delivered again, was in the hands of a
worker that was lost. It is laid to the first SIGKILL of its service after its last sign of life.
Its recovery is the time from that SIGKILL to the next fact that the service says of that message;
where the service has nothing to say of it (a look that changes nothing, a list that is written),
to its acknowledgement. All times are the log's and the server's own machine's.

Two things are told apart:
- a call of a tool that was killed in the middle (claimed, no outcome). Nobody may say `unknown`
  before its claim, its time limit and a margin are over, so its run waits by design;
- a second blow to the same service, or to what everybody stands on, before the first was over.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from contracts.envelope import Fact
from contracts.shape import Body
from contracts.subjects import EXECUTOR, OBSERVER, SERVICES, kind_of
from contracts.tool import ToolUnknown
from infra.dev.assembly import service_of

from .hands import Seen
from .killer import Strike
from .plan import INFRASTRUCTURE

# A delivery that lay longer was not lost with this worker.
LONGEST_SECONDS = 60.0

Settlements = Mapping[tuple[str, int], Sequence[Seen]]


@dataclass(frozen=True, slots=True)
class Recovery:
    """One message that a killed worker had in hand."""

    service: str
    kind: Literal["work", "mid_effect"]
    killed_at: datetime
    seconds: float
    alone: bool
    run_id: str
    fact_type: str


def recoveries(
    strikes: Sequence[Strike], settlements: Settlements, facts: Iterable[Fact[Body]]
) -> list[Recovery]:
    """The recovery of every message that was in the hands of a killed worker."""
    log = _Log.of(facts)
    found = []
    for (durable, sequence), seen in settlements.items():
        fact = log.at.get(sequence)
        if fact is None or durable not in SERVICES:
            continue
        for delivery, settled_at in _lost_deliveries(seen):
            strike = _struck_by(strikes, durable, _last_sign(fact, seen, delivery), settled_at)
            if strike is not None:
                recovery = _recovery(strike, strikes, fact, settled_at, log)
                found += [recovery] if recovery is not None else []
    return found


@dataclass(frozen=True)
class _Log:
    at: dict[int, Fact[Body]]
    runs: dict[str, list[Fact[Body]]]

    @classmethod
    def of(cls, facts: Iterable[Fact[Body]]) -> "_Log":
        log = cls({}, {})
        for fact in facts:
            log.at[fact.sequence] = fact
            log.runs.setdefault(fact.run_id, []).append(fact)
        return log


def _lost_deliveries(seen: Sequence[Seen]) -> list[tuple[int, datetime]]:
    """Deliveries that nobody settled, with the first sign of the next one."""
    ended = {one.delivery for one in seen if one.sign != "beat"}
    lost = []
    for later in sorted({one.delivery for one in seen}):
        if later > 1 and later - 1 not in ended:
            settled = [one.at for one in seen if one.delivery >= later and one.sign == "settled"]
            if settled:
                lost.append((later - 1, min(settled)))
    return lost


def _last_sign(fact: Fact[Body], seen: Sequence[Seen], delivery: int) -> datetime:
    """Until when its worker was certainly there: its last heartbeat, or the delivery at least."""
    signs = [one.at for one in seen if one.delivery <= delivery]
    return max([*signs, _stored(fact)])


def _struck_by(
    strikes: Sequence[Strike], service: str, after: datetime, before: datetime
) -> Strike | None:
    """The SIGKILL that took the worker."""
    return next((one for one in strikes if one.kind == service and after <= one.at <= before), None)


def _recovery(
    strike: Strike,
    strikes: Sequence[Strike],
    heard: Fact[Body],
    settled_at: datetime,
    log: _Log,
) -> Recovery | None:
    """None where the worker had said its part before it was killed: nothing waited for it."""
    service = strike.kind
    own = [
        fact
        for fact in log.runs[heard.run_id]
        if kind_of(fact.type).owner == service and _answers(fact, heard, service)
    ]
    claimed = service == EXECUTOR and any(
        fact.type == "tool.claimed" and _stored(fact) <= strike.at for fact in own
    )
    said = [fact for fact in own if not fact.type.endswith(".claimed")]
    if service != OBSERVER and any(_stored(fact) <= strike.at for fact in said):
        return None
    moments = [_stored(fact) for fact in own if _stored(fact) > strike.at]
    at = min([*moments, settled_at])
    seconds = (at - strike.at).total_seconds()
    if seconds > LONGEST_SECONDS:
        return None
    return Recovery(
        service=service,
        kind="mid_effect" if claimed else "work",
        killed_at=strike.at,
        seconds=seconds,
        alone=_is_alone(strike, strikes, at),
        run_id=heard.run_id,
        fact_type=heard.type,
    )


def _answers(fact: Fact[Body], heard: Fact[Body], service: str) -> bool:
    """Whether a fact is what the service made of what it heard.

    The orchestrator answers whatever is missing, so any later fact of its own will do.
    """
    if service == "orchestrator":
        return fact.sequence > heard.sequence
    return fact.cause_id == heard.id


def _is_alone(strike: Strike, strikes: Sequence[Strike], until: datetime) -> bool:
    """Whether no other blow had a part in it."""
    for other in strikes:
        concerns = other.kind in INFRASTRUCTURE or service_of(other.target) == strike.kind
        if other is strike or not concerns:
            continue
        if other.at <= until and (other.over_at is None or other.over_at >= strike.at):
            return False
    return True


def restarts(strikes: Sequence[Strike]) -> list[float]:
    """Seconds from the SIGKILL of a service until that replica heard again."""
    return [
        (strike.over_at - strike.at).total_seconds()
        for strike in strikes
        if strike.kind in SERVICES and strike.over_at is not None
    ]


def unknown_waits(recovered: Sequence[Recovery], facts: Iterable[Fact[Body]]) -> list[float]:
    """Of calls that were killed in the middle: seconds until `tool.unknown` was said."""
    unknowns = [fact for fact in facts if isinstance(fact.body, ToolUnknown)]
    waits = []
    for each in recovered:
        if each.kind == "mid_effect":
            said = [
                (_stored(one) - each.killed_at).total_seconds()
                for one in unknowns
                if one.run_id == each.run_id and _stored(one) > each.killed_at
            ]
            waits += [min(said)] if said else []
    return waits


def _stored(fact: Fact[Body]) -> datetime:
    return fact.stored_at or fact.time
