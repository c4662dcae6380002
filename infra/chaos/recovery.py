"""How long the work of a killed worker lay still. Pure: from strikes, settlements and the log.

What is measured: the time from the SIGKILL of a worker to the first progress on each message that
it held. A worker is a replica of a service that runs wait for; it held what had been delivered to
it, and what nobody ever settled under that delivery. Progress is the next fact that a living worker
of the service says of that message; where there is nothing left to say of it (it was said before
the kill, or is a look that changes nothing), its acknowledgement by a living worker. What is stored
within half a second of the kill was still on its way from the killed worker, and is no progress.
All times are the log's and the server's own machine's.

Nothing held is left out. What saw no progress has `seconds` None, which fails the play. One thing
is told apart: a call of a tool that was killed in the middle (claimed, no outcome). Nobody may say
`unknown` before its claim, its time limit and a margin are over, so its run waits by design.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from contracts.envelope import Fact
from contracts.shape import Body
from contracts.subjects import EXECUTOR, ORCHESTRATOR, SERVICES, kind_of
from contracts.tool import ToolUnknown

from .hands import Seen
from .killer import Strike
from .plan import WORKERS

# Less than a message can take to be delivered again: its worker must have been silent for longer.
LAST_WORDS = timedelta(seconds=0.5)
# Longer than a worker that lives lets pass between two heartbeats, also on a busy machine.
SILENCE = timedelta(seconds=3.0)

Settlements = Mapping[tuple[str, int], Sequence[Seen]]


@dataclass(frozen=True, slots=True)
class Recovery:
    """One message that a killed worker had in hand; `seconds` is None where it never went on.

    `is_single` says that one worker was killed and nothing else was done to the platform.
    """

    service: str
    kind: Literal["work", "mid_effect"]
    killed_at: datetime
    seconds: float | None
    is_single: bool
    run_id: str
    fact_type: str


def recoveries(
    strikes: Sequence[Strike], settlements: Settlements, facts: Iterable[Fact[Body]]
) -> list[Recovery]:
    """The recovery of every message that a killed worker had in hand, once for each kill."""
    log = _Log.of(facts)
    found: dict[tuple[str, int, datetime], Recovery] = {}
    for (durable, sequence), seen in settlements.items():
        fact = log.at.get(sequence)
        if fact is None or durable not in WORKERS:
            continue
        for delivery in lost_deliveries(seen):
            settled_at = _settled_after(seen, delivery)
            strike = _struck_by(strikes, durable, _last_sign(fact, seen, delivery), settled_at)
            if strike is not None:
                key = (durable, sequence, strike.at)
                found.setdefault(key, _recovery(strike, fact, settled_at, log))
    return list(found.values())


def held_since(moment: datetime, settlements: Settlements) -> int:
    """How many messages were seen to be lost with a worker, so far, by what came after `moment`.

    Without the executor's: which of those are calls in mid-effect, only the log tells.
    """
    return sum(
        any(one.at >= moment and one.delivery > 1 for one in seen) and bool(lost_deliveries(seen))
        for (durable, _), seen in settlements.items()
        if durable in WORKERS and durable != EXECUTOR
    )


def lost_deliveries(seen: Sequence[Seen]) -> list[int]:
    """Deliveries that nobody settled or gave back."""
    ended = {one.delivery for one in seen if one.sign != "beat"}
    newest = max(one.delivery for one in seen)
    return [delivery for delivery in range(1, newest + 1) if delivery not in ended]


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


def _settled_after(seen: Sequence[Seen], delivery: int) -> datetime | None:
    settled = [one.at for one in seen if one.delivery > delivery and one.sign == "settled"]
    return min(settled, default=None)


def _last_sign(fact: Fact[Body], seen: Sequence[Seen], delivery: int) -> datetime:
    """Until when its worker was certainly there: its last heartbeat, or the delivery at least."""
    signs = [one.at for one in seen if one.delivery <= delivery]
    return max([*signs, _stored(fact)])


def _struck_by(
    strikes: Sequence[Strike], service: str, after: datetime, before: datetime | None
) -> Strike | None:
    """The SIGKILL that took the worker. A last heartbeat may be heard a moment after it.

    Where nothing was heard after a heartbeat, the next one is what the kill prevented: a kill of
    minutes later took somebody else, and it is the listener that was cut off meanwhile.
    """
    until = after + SILENCE if before is None else before
    for one in strikes:
        is_in_time = one.at <= until
        if one.kind == service and after <= one.at + LAST_WORDS and is_in_time:
            return one
    return None


def _recovery(
    strike: Strike, heard: Fact[Body], settled_at: datetime | None, log: _Log
) -> Recovery:
    service, last_words = strike.kind, strike.at + LAST_WORDS
    own = [
        fact
        for fact in log.runs[heard.run_id]
        if kind_of(fact.type).owner == service and _answers(fact, heard, service)
    ]
    before = [fact for fact in own if _stored(fact) <= last_words]
    was_claimed = any(fact.type == "tool.claimed" for fact in before)
    was_said = any(not fact.type.endswith(".claimed") for fact in before)
    moments = [_stored(fact) for fact in own if _stored(fact) > last_words]
    if settled_at is not None:
        moments.append(settled_at)
    return Recovery(
        service=service,
        kind="mid_effect" if service == EXECUTOR and was_claimed and not was_said else "work",
        killed_at=strike.at,
        seconds=(min(moments) - strike.at).total_seconds() if moments else None,
        is_single=strike.is_single,
        run_id=heard.run_id,
        fact_type=heard.type,
    )


def _answers(fact: Fact[Body], heard: Fact[Body], service: str) -> bool:
    """Whether a fact is what the service made of what it heard.

    The orchestrator answers whatever is missing, so any later fact of its own will do.
    """
    if service == ORCHESTRATOR:
        return fact.sequence > heard.sequence
    return fact.cause_id == heard.id


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
