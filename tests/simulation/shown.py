"""Promises about what people are shown: the rows of lists, and the spans of traces.

Who reads a list or a trace reads no log. So once a world is at rest, each row says how its run
ended, what it cost and what was asked of people; and every span of a run was told that something
which is heard came after.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from contracts.envelope import Fact
from contracts.model import ModelRequested
from contracts.money import MoneySettled
from contracts.review import ReviewDecided, ReviewRequested
from contracts.shape import Body
from services.observer.store import MemoryProjection
from services.observer.tracing import TELLING_AFTER_THE_END
from shared.tracing.shape import SpanShape
from shared.tracing.trace import trace_of

from .log import Log, Place
from .process import Process

B = TypeVar("B", bound=Body)


class Shown:
    """The rows that the observer keeps, and the spans that it has told."""

    def __init__(self, log: Log, violate: Callable[[str, str], None]) -> None:
        self._log = log
        self._violate = violate
        self.rows = MemoryProjection()
        self.told: dict[str, list[SpanShape]] = defaultdict(list)

    def tell(self, spans: Sequence[SpanShape]) -> None:
        """The back end of traces has taken these."""
        for span in spans:
            self.told[span.span_id].append(span)

    def check_at_rest(self) -> None:
        """Lists and traces say what the log says."""
        for place, facts in self._log.runs.items():
            self._check_row(place, facts)
            self._check_reviews(place, facts)
            self._check_spans(place, facts)

    def _check_row(self, place: Place, facts: Sequence[Fact[Body]]) -> None:
        row, end, name = self.rows.run_rows.get(place), self._log.end(place), place[1]
        if row is None:
            self._violate("lists_have_every_run", f"{name} is in no list")
            return
        if end is not None and row.status != end.type.removeprefix("run."):
            self._violate("rows_say_the_end", f"{name}: {end.type}, and its row is {row.status}")
        bills = {one.branch: one.cost_micro_usd for one in _bodies(facts, MoneySettled)}
        shown = sum(cost for _, cost in row.costs.values())
        if shown != sum(bills.values()):
            self._violate("rows_say_the_cost", f"{name} cost {bills}, and its row has {shown}")
        steps = max((one.step for one in _bodies(facts, ModelRequested)), default=0)
        if row.steps != steps:
            self._violate("rows_say_the_steps", f"{name} took {steps}, its row says {row.steps}")

    def _check_reviews(self, place: Place, facts: Sequence[Fact[Body]]) -> None:
        decided = {one.review_id: one.outcome for one in _bodies(facts, ReviewDecided)}
        for asked in _bodies(facts, ReviewRequested):
            row = self.rows.review_rows.get((*place, asked.review_id))
            name = f"{place[1]}/{asked.review_id}"
            if row is None or row.asked != asked:
                self._violate("inbox_has_every_question", f"{name} is in no inbox")
            elif (row.decided.outcome if row.decided else None) != decided.get(asked.review_id):
                self._violate("inbox_says_the_outcome", f"{name}: its row says {row.state}")

    def _check_spans(self, place: Place, facts: Sequence[Fact[Body]]) -> None:
        heard = [fact.sequence for fact in facts if fact.type in TELLING_AFTER_THE_END]
        for span in trace_of(facts):
            if span.closed_at > max(heard):
                continue  # Nothing is heard any more that it could be told with.
            told = self.told.get(span.span_id, [])
            name = f"{place[1]}: the span {span.name} that fact {span.closed_at} closes"
            if not told:
                self._violate("every_span_is_told", f"{name} was never told")
            elif span not in told:
                self._violate("spans_say_what_was", f"{name} was told as another one")


@dataclass(frozen=True)
class Export:
    """The way to the back end of traces, from one process of the observer."""

    process: Process
    shown: Shown

    async def add(self, spans: Sequence[SpanShape]) -> None:
        await self.process.reach(lambda: self.shown.tell(spans))


def _bodies(facts: Sequence[Fact[Body]], kind: type[B]) -> list[B]:
    return [fact.body for fact in facts if isinstance(fact.body, kind)]
