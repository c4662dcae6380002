"""Where the time of a step went, by the server's timestamps of its facts.

Calls run beside each other, so what overlaps is counted once: in each kind, and in the total.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from contracts.envelope import Fact
from contracts.history import Attempt, Run, Step
from contracts.history.approval import moment_of
from contracts.history.waiting import deferred_until
from contracts.shape import Body
from services.console.rules.record.content import Recorded

Kind = Literal["funding", "queue", "model", "guard", "tools", "people"]
KINDS: tuple[Kind, ...] = ("funding", "queue", "model", "guard", "tools", "people")
Span = tuple[datetime, datetime]
MILLISECONDS = timedelta(milliseconds=1)


class TimeRecord(Recorded):
    """Milliseconds of a step.

    `other_ms` is when nobody worked: messages were on their way, or a retry waited for its time.
    """

    begun_at: datetime
    ended_at: datetime | None = Field(description="None while the step is open")
    total_ms: int
    funding_ms: int = Field(description="From a request to its hold")
    queue_ms: int = Field(description="From a permission to the claim of whoever acts on it")
    model_ms: int
    guard_ms: int
    tools_ms: int
    people_ms: int
    other_ms: int


def times_of(run: Run, step: Step) -> TimeRecord:
    """How long a step took, and what for. Of an open one, up to the last fact of its run."""
    begun, ended = moment_of(step.requested), _ended(run, step)
    until = ended or _last(run, step)
    spans = {kind: list(_clipped(found, begun, until)) for kind, found in _spans(run, step, until)}
    total = until - begun
    covered = _covered(one for found in spans.values() for one in found)
    return TimeRecord(
        begun_at=begun,
        ended_at=ended,
        total_ms=_ms(total),
        **{f"{kind}_ms": _ms(_covered(spans[kind])) for kind in KINDS},
        other_ms=_ms(total - covered),
    )


def _ended(run: Run, step: Step) -> datetime | None:
    """When the next step was asked for, or the run ended."""
    following = run.steps[step.number : step.number + 1]
    if following:
        return moment_of(following[0].requested)
    return moment_of(run.end) if run.end is not None else None


def _last(run: Run, step: Step) -> datetime:
    """The latest that is known of an open step."""
    known = [moment for kind in _parts(run, step).values() for span in kind for moment in span]
    return max(moment for moment in (moment_of(step.requested), *known) if moment is not None)


def _spans(run: Run, step: Step, until: datetime) -> Iterator[tuple[Kind, list[Span]]]:
    """What has begun and has no end yet lasts until now."""
    for kind, found in _parts(run, step).items():
        yield kind, [(begun, ended or until) for begun, ended in found if begun is not None]


Parts = Mapping[Kind, list[tuple[datetime | None, datetime | None]]]


def _parts(run: Run, step: Step) -> Parts:
    tries = [each for call in step.calls for each in call.tries]
    answer = run.answer
    ours = answer is not None and answer.proposed.body.step == step.number
    reviews = [one.review for one in tries if one.review is not None]
    return {
        "funding": [
            (_at(one.due or one.request), _at(one.verdict))
            for one in step.attempts
            if deferred_until(one) is None
        ],
        "queue": [
            *((_at(one.verdict), _at(one.claim)) for one in step.attempts if one.claim),
            *((_at(one.verdict), _at(one.claim)) for one in tries if one.claim),
        ],
        "model": [(_at(one.claim), _heard(step, one)) for one in step.attempts],
        "guard": [
            *((_at(one.request), _at(one.verdict)) for one in tries),
            *((_at(one.tries[-1].outcome), _at(one.result)) for one in step.calls if one.result),
            *([(_at(answer.proposed), _at(answer.verdict))] if ours and answer else []),
        ],
        "tools": [(_at(one.claim), _at(one.outcome)) for one in tries],
        "people": [(_at(one.requested), _at(one.decided)) for one in reviews],
    }


def _heard(step: Step, attempt: Attempt) -> datetime | None:
    """When an attempt had brought an answer, or none: then the next one was asked for."""
    following = step.attempts[attempt.number : attempt.number + 1]
    return _at(following[0].request) if following else _at(step.outcome)


def _at(fact: Fact[Body] | None) -> datetime | None:
    return None if fact is None else moment_of(fact)


def _clipped(spans: Iterable[Span], begun: datetime, until: datetime) -> Iterator[Span]:
    """Late evidence comes after the end of a step, and is none of its time."""
    for first, last in spans:
        if first < until and last > first:
            yield max(first, begun), min(last, until)


def _covered(spans: Iterable[Span]) -> timedelta:
    """How long at least one of them lasted."""
    total, reached = timedelta(), None
    for first, last in sorted(spans):
        start = first if reached is None else max(first, reached)
        if last > start:
            total += last - start
        reached = last if reached is None else max(reached, last)
    return total


def _ms(length: timedelta) -> int:
    return round(length / MILLISECONDS)
