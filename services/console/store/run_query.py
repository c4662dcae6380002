"""Which runs a list shows, in which order, and where a page begins."""

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from shared.readmodel import RunRow
from shared.runterms import metadata_term, term

Sort = Literal["newest", "oldest", "dearest", "longest"]
SORTS: tuple[Sort, ...] = get_args(Sort)
CURSOR_LIMIT_CHARACTERS = 256


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ends: the next one begins after it.

    `value` is what the list is sorted by; runs of the same value follow each other newest first.
    A run whose value changes between two pages may be on both, or on none.
    """

    sort: Sort
    value: int
    sequence: int

    @classmethod
    def after(cls, row: RunRow, sort: Sort) -> "Cursor":
        """The one that goes on after a row."""
        values = {"dearest": row.cost_micro_usd, "longest": row.duration_ms or 0}
        return cls(sort, values.get(sort, row.submitted_sequence), row.submitted_sequence)

    def text(self) -> str:
        """As it travels: opaque to whoever carries it."""
        packed = json.dumps([self.sort, self.value, self.sequence]).encode()
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """The cursor of a text.

        Raises:
            ValueError: it is none.
        """
        padded = text[:CURSOR_LIMIT_CHARACTERS] + "=" * (-len(text) % 4)
        try:
            sort, value, sequence = json.loads(base64.b64decode(padded, b"-_", validate=True))
        except (binascii.Error, UnicodeDecodeError, TypeError) as error:
            raise ValueError(str(error)) from None
        if sort not in SORTS or not (_is_number(value) and _is_number(sequence)):
            raise ValueError("it holds something else")
        return cls(sort, value, sequence)


@dataclass(frozen=True, slots=True)
class RunQuery:
    """Which runs a list shows; None stands for any."""

    tenant: str | None = None
    status: str | None = None
    agent: str | None = None
    customer: str | None = None
    limit: int = 50
    agent_version: str | None = None
    feature: str | None = None
    user: str | None = None
    tool: str | None = None
    model: str | None = None
    provider: str | None = None
    parent: str | None = None
    root: str | None = None
    kind: str | None = None
    rule: str | None = None
    metadata: tuple[tuple[str, str], ...] = ()
    waits_for_review: bool = False
    waits_for_label: bool = False
    labelled: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    cost_at_least_micro_usd: int | None = None
    cost_at_most_micro_usd: int | None = None
    steps_at_least: int | None = None
    steps_at_most: int | None = None
    score_below: float | None = None
    search: str | None = None
    statuses: tuple[str, ...] | None = None
    sort: Sort = "newest"
    after: Cursor | None = None

    @property
    def terms(self) -> tuple[str, ...]:
        """What has no column to be looked for in."""
        return tuple(self._terms())

    def _terms(self) -> Iterator[str]:
        named = {
            "version": self.agent_version,
            "feature": self.feature,
            "user": self.user,
            "tool": self.tool,
            "model": self.model,
            "provider": self.provider,
            "parent": self.parent,
            "root": self.root,
            "kind": self.kind,
            "rule": self.rule,
            "labelled": self.labelled,
        }
        yield from (term(name, value) for name, value in named.items() if value is not None)
        yield from (metadata_term(key, value) for key, value in self.metadata)
        if self.waits_for_review:
            yield term("review", "waits")
        if self.waits_for_label:
            yield term("split_jury", "waits")


def _is_number(value: object) -> bool:
    """Whether a column takes it."""
    return type(value) is int and 0 <= value < 1 << 63
