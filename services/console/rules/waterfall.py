"""A run as bars below each other: what worked when, how long, and what was waited for.

Bars are placed in thousandths of the width. A wait that is long beside the work, such as one for a
person, is drawn short, with a break in it: three hours of waiting would leave no room for the rest.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from contracts.envelope import Fact
from contracts.guardrail import ResultCleared, ToolCleared
from contracts.history import Attempt, Call, Run, Step, Try
from contracts.history.approval import moment_of
from contracts.history.waiting import deferred_until
from contracts.model import ModelResponded
from contracts.shape import Body
from contracts.tool import ToolSucceeded

Kind = Literal["money", "queue", "model", "gate", "tool", "person"]
Went = Literal["well", "badly", "unsure", "open"]
WIDTH = 1000
BREAK_WIDTH = 60  # of a long wait
BREAKS_LIMIT = 6  # beyond them nothing is drawn short: it would leave no room for the rest
LONG = timedelta(seconds=1)
LONG_SHARE = 0.12  # of the whole
MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Bar:
    """One stretch of a row."""

    kind: Kind
    x: float
    width: float
    ms: int
    said: str


@dataclass(frozen=True, slots=True)
class Row:
    """One model call, one tool call, or the answer at its gate."""

    of: Literal["task", "model", "tool", "answer"]
    step: int
    call: str | None
    label: str
    note: str
    went: Went
    bars: tuple[Bar, ...]
    retries: tuple[float, ...]
    ms: int


@dataclass(frozen=True, slots=True)
class Waterfall:
    """All rows on one scale; `breaks` are the middles of waits that are drawn short."""

    rows: tuple[Row, ...]
    breaks: tuple[tuple[float, int], ...]
    ticks: tuple[tuple[float, int], ...]
    total_ms: int


Span = tuple[Kind, datetime, datetime, str]


@dataclass(frozen=True, slots=True)
class _Draft:
    of: Literal["task", "model", "tool", "answer"]
    step: int
    call: str | None
    label: str
    note: str
    went: Went
    spans: tuple[Span, ...]
    retries: tuple[datetime, ...] = ()


class Scale:
    """From moments to thousandths, long waits squeezed."""

    def __init__(self, begun: datetime, ended: datetime, working: Iterable[Span]) -> None:
        self._begun, self._ended = begun, max(ended, begun + MILLISECOND)
        waits = list(self._waits(working))
        self._waits_drawn = waits if len(waits) <= BREAKS_LIMIT else []
        squeezed = sum((until - since for since, until in self._waits_drawn), timedelta())
        room = WIDTH - BREAK_WIDTH * len(self._waits_drawn)
        worked = max(self._ended - begun - squeezed, MILLISECOND)
        self._rate = room / (worked / MILLISECOND)

    def _waits(self, working: Iterable[Span]) -> Iterator[tuple[datetime, datetime]]:
        least = max(LONG, (self._ended - self._begun) * LONG_SHARE)
        reached = self._begun
        busy = sorted((since, until) for kind, since, until, _ in working if kind != "person")
        for since, until in (*busy, (self._ended, self._ended)):
            if since - reached > least:
                yield reached, since
            reached = max(reached, until)

    def x(self, moment: datetime) -> float:
        """Where a moment is drawn."""
        moment = min(max(moment, self._begun), self._ended)
        x, reached = 0.0, self._begun
        for since, until in self._waits_drawn:
            if moment <= since:
                break
            x += (since - reached) / MILLISECOND * self._rate
            x += min((moment - since) / (until - since), 1.0) * BREAK_WIDTH
            reached = until
            if moment <= until:
                return round(x, 2)
        return round(x + (moment - reached) / MILLISECOND * self._rate, 2)

    @property
    def breaks(self) -> tuple[tuple[float, int], ...]:
        return tuple(
            (self.x(since) + BREAK_WIDTH / 2, _ms(until - since))
            for since, until in self._waits_drawn
        )


def waterfall(run: Run, now: datetime, steps: Sequence[Step]) -> Waterfall:
    """The rows of these steps of a run; what is still open lasts until now."""
    drafts = [one for step in steps for one in _step(run, step, now)]
    spans = [span for one in drafts for span in one.spans]
    if not spans:
        return Waterfall((), (), (), 0)
    begun = min(since for _, since, _, _ in spans)
    ended = max(until for _, _, until, _ in spans)
    scale = Scale(begun, ended, spans)
    rows = tuple(_row(one, scale) for one in drafts)
    return Waterfall(rows, scale.breaks, _ticks(scale, begun, ended), _ms(ended - begun))


def _ticks(scale: Scale, begun: datetime, ended: datetime) -> tuple[tuple[float, int], ...]:
    """Four moments on the axis."""
    quarter = (ended - begun) / 4
    if scale.breaks:
        return ((0.0, 0), (float(WIDTH), _ms(ended - begun)))
    return tuple((scale.x(begun + quarter * one), _ms(quarter * one)) for one in range(5))


def _row(draft: _Draft, scale: Scale) -> Row:
    least = 2.5  # so that a short one can be seen
    bars = tuple(
        Bar(
            kind,
            x := min(scale.x(since), WIDTH - least),
            max(scale.x(until) - x, least),
            _ms(until - since),
            said,
        )
        for kind, since, until, said in draft.spans
    )
    first = min((since for _, since, _, _ in draft.spans), default=None)
    last = max((until for _, _, until, _ in draft.spans), default=None)
    ms = _ms(last - first) if first is not None and last is not None else 0
    retries = tuple(scale.x(one) for one in draft.retries)
    return Row(
        draft.of, draft.step, draft.call, draft.label, draft.note, draft.went, bars, retries, ms
    )


def _step(run: Run, step: Step, now: datetime) -> Iterator[_Draft]:
    until = moment_of(run.end) if run.end is not None else now
    yield _model(step, until)
    for call in step.calls:
        yield _call(step, call, until)
    answer = run.answer
    if answer is not None and answer.proposed.body.step == step.number:
        verdict = answer.verdict
        cleared = verdict is not None and verdict.type.endswith("cleared")
        yield _Draft(
            "answer",
            step.number,
            None,
            "answer",
            verdict.body.rule if verdict is not None else "is judged",
            "well" if cleared else "open" if verdict is None else "badly",
            tuple(_spans("gate", answer.proposed, verdict, until, "the gate judges the answer")),
        )


def _model(step: Step, until: datetime) -> _Draft:
    spans = tuple(span for one in step.attempts for span in _attempt(step, one, until))
    retries = tuple(moment_of(one.request) for one in step.attempts[1:])
    outcome = step.outcome.body if step.outcome is not None else None
    if isinstance(outcome, ModelResponded):
        route = outcome.served_by.route
        note, went = f"{route.provider}/{route.model}", "well"
    else:
        note, went = step.requested.body.alias, "open" if outcome is None else "badly"
    label = "summary" if step.is_summary else "model"
    return _Draft("model", step.number, None, label, note, went, spans, retries)  # type: ignore[arg-type]


def _attempt(step: Step, one: Attempt, until: datetime) -> Iterator[Span]:
    following = step.attempts[one.number : one.number + 1]
    heard = following[0].request if following else step.outcome
    name = "" if len(step.attempts) == 1 else f", attempt {one.number}"
    if deferred_until(one) is None:
        yield from _spans(
            "money", one.due or one.request, one.verdict, until, f"money is held{name}"
        )
    if one.verdict is not None and one.claim is not None:
        yield from _spans("queue", one.verdict, one.claim, until, f"waits for the router{name}")
    if one.claim is not None:
        yield from _spans("model", one.claim, heard, until, f"the model answers{name}")


def _call(step: Step, call: Call, until: datetime) -> _Draft:
    spans = tuple(span for each in call.tries for span in _try(each, until))
    last = call.tries[-1].outcome if call.tries else None
    gate = tuple(
        _spans("gate", last, call.result, until, "the gate judges the result") if last else ()
    )
    retries = tuple(moment_of(one.request) for one in call.tries[1:])
    note, went = _came_of(call)
    return _Draft(
        "tool", step.number, call.name, call.part.name, note, went, (*spans, *gate), retries
    )


def _came_of(call: Call) -> tuple[str, Went]:
    last = call.last
    if last is None:
        return "not asked for", "open"
    if last.outcome is not None:
        if isinstance(last.outcome.body, ToolSucceeded):
            withheld = call.result is not None and not isinstance(call.result.body, ResultCleared)
            return ("result withheld", "badly") if withheld else ("", "well")
        is_unknown = last.outcome.type.endswith("unknown")
        return ("nobody knows", "unsure") if is_unknown else ("failed", "badly")
    if last.review is not None and last.review.decided is None:
        return "waits for a person", "unsure"
    if last.review is not None and last.review.decided is not None:
        outcome = last.review.decided.body.outcome
        if outcome not in ("approved", "edited"):
            return outcome, "badly" if outcome in ("rejected", "expired") else "unsure"
    if last.verdict is not None and not isinstance(last.verdict.body, ToolCleared):
        return last.verdict.body.rule, "badly"
    return "", "open"


def _try(each: Try, until: datetime) -> Iterator[Span]:
    yield from _spans("gate", each.request, each.verdict, until, "the gate judges the call")
    if each.review is not None:
        asked, decided = each.review.requested, each.review.decided
        yield from _spans("person", asked, decided, until, "a person is asked")
    if each.verdict is not None and each.claim is not None:
        since = each.review.decided if each.review and each.review.decided else each.verdict
        yield from _spans("queue", since, each.claim, until, "waits for the executor")
    if each.claim is not None:
        yield from _spans("tool", each.claim, each.outcome, until, "the tool runs")


def _spans(
    kind: Kind, since: Fact[Body], end: Fact[Body] | None, until: datetime, said: str
) -> Iterator[Span]:
    first = moment_of(since)
    last = moment_of(end) if end is not None else max(until, first)
    if last >= first:
        yield kind, first, last, said


def _ms(length: timedelta) -> int:
    return round(length / MILLISECOND)
