"""What people may ask lists of runs for, as parameters of a request."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import Depends, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from contracts.shape import Token
from contracts.task import Name, Note
from services.console.api.access import Viewer
from services.console.api.desk import Desk, DeskHere
from services.console.api.people import Person
from services.console.errors import Invalid
from services.console.store import Cursor, RunQuery, Sort

SEARCH_LIMIT_CHARACTERS = 200
METADATA_LIMIT_ENTRIES = 8

Status = Literal[
    "submitted", "queued", "running", "paused", "waiting", "completed", "failed", "cancelled"
]
Kind = Literal["child", "fork", "continued", "shadow"]
# As large as their columns are.
Amount = Annotated[int | None, Field(ge=0, lt=1 << 63)]
Steps = Annotated[int | None, Field(ge=0, lt=1 << 31)]
Word = Annotated[str | None, Field(min_length=1, max_length=256)]


class RunFilter(BaseModel):
    """Which runs. What is left out is not asked for."""

    # A filter with a slip in its name would show every run.
    model_config = ConfigDict(frozen=True, extra="forbid")

    tenant: Token | None = None
    agent: Token | None = None
    agent_version: Word = None
    customer: Name | None = None
    feature: Name | None = None
    user: Name | None = None
    tool: Word = Field(None, description="Called, whatever became of the call")
    model: Word = Field(None, description="Dispatched to, as provider/model")
    provider: Word = None
    parent: Token | None = Field(None, description="Called by this run, or judging it")
    root: Token | None = Field(None, description="This run, and every run below it")
    kind: Kind | None = None
    rule: Word = Field(None, description="Why it failed, such as money_ceiling")
    metadata: list[Note] = Field([], description="As key=value; all must hold")
    labelled: Word = Field(None, description="People labelled it by this metric")
    waits_for_review: bool = Field(default=False, description="People are asked, and it is open")
    since: AwareDatetime | None = Field(None, description="Submitted then or later")
    until: AwareDatetime | None = Field(None, description="Submitted before it")
    cost_at_least_micro_usd: Amount = None
    cost_at_most_micro_usd: Amount = None
    steps_at_least: Steps = None
    steps_at_most: Steps = None
    score_below: float | None = Field(None, description="Evaluated, and below it")
    search: str | None = Field(
        None,
        min_length=1,
        max_length=SEARCH_LIMIT_CHARACTERS,
        description='Words of input, answer, failure and reviews; "a phrase", or, -not. A single '
        "word may also be the beginning of a run id",
    )


class Question(RunFilter):
    """Which runs, in which order, from where on."""

    status: Status | None = None
    sort: Sort = Field("newest", description="longest: those that have ended")
    cursor: Word = Field(None, description="Of the page before: it is in its Link header")
    limit: int = Field(50, ge=1)


def asked_query(person: Viewer, desk: DeskHere, question: Annotated[Question, Query()]) -> RunQuery:
    """The question of a request, as far as the person may ask it."""
    return replace(
        filtered(desk, person, question, limit=min(question.limit, desk.settings.list_limit)),
        status=question.status,
        sort=question.sort,
        after=_cursor(question.cursor, question.sort),
    )


def filtered(desk: Desk, person: Person, asked: RunFilter, *, limit: int) -> RunQuery:
    """Runs that a filter fits, as far as the person may see them.

    Raises:
        Invalid: it asks for what no run can have.
        Forbidden: it asks for another tenant than the person's.
    """
    if any("\x00" in text for text in _texts(asked)):
        raise Invalid("there is a NUL in it", "the query", "leave it out: no run has any")
    same = asked.model_dump(include={*RunFilter.model_fields} - {"tenant", "metadata"})
    return RunQuery(
        **same,
        tenant=desk.allowed_tenant(person, asked.tenant),
        metadata=_entries(asked.metadata),
        limit=limit,
    )


Asked = Annotated[RunQuery, Depends(asked_query)]


def _texts(question: RunFilter) -> Iterator[str]:
    for value in question.model_dump().values():
        match value:
            case str():
                yield value
            case list():
                yield from value


def _entries(written: list[str]) -> tuple[tuple[str, str], ...]:
    if len(written) > METADATA_LIMIT_ENTRIES:
        what = f"{len(written)} entries of at most {METADATA_LIMIT_ENTRIES}"
        raise Invalid(what, "metadata", "ask for fewer")
    found = tuple(one.partition("=") for one in written)
    if any(not key or not equals for key, equals, _ in found):
        raise Invalid("an entry has no key and value", "metadata", "write key=value")
    return tuple((key, value) for key, _, value in found)


def _cursor(text: str | None, sort: Sort) -> Cursor | None:
    if text is None:
        return None
    try:
        found = Cursor.read(text)
    except ValueError:
        raise Invalid("it is no cursor", "cursor", "take it from the page before") from None
    if found.sort != sort:
        what = f"it goes on in a list that is sorted by {found.sort}"
        raise Invalid(what, "cursor", f"ask for sort={found.sort}, or begin again without it")
    return found
