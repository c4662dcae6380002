"""Scorers, as they are written in a suite: what a finished run is held to, cheapest first.

Each looks at a finished run and gives a score between 0 and 1; it passes at 1, or from the
threshold that it names.
"""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, JsonValue, StringConstraints

from .shape import Seconds, Token, Usd, Written

SCORERS_LIMIT = 50
CALLS_LIMIT = 100
ROWS_LIMIT = 1000
TEXT_LIMIT = 65_536
PATTERN_LIMIT = 2000

Text = Annotated[str, StringConstraints(min_length=1, max_length=TEXT_LIMIT)]
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=PATTERN_LIMIT)]
Share = Annotated[float, Field(ge=0, le=1)]
Matching = Literal["exact", "ignore", "subset", "superset"]


class Scored(Written):
    """What every scorer may say of itself."""

    name: Token | None = Field(None, description="Of the metric; the kind, where it has none")
    weight: Annotated[float, Field(gt=0, le=1000)] = 1.0

    @property
    def metric(self) -> str:
        return self.name or str(getattr(self, "kind", ""))


class Exact(Scored):
    """The answer is this text."""

    kind: Literal["exact"] = "exact"
    value: Text
    ignore_case: bool = False


class Regex(Scored):
    """The pattern is found in the answer; or is not, with `absent`."""

    kind: Literal["regex"] = "regex"
    pattern: Pattern
    ignore_case: bool = False
    absent: bool = False


class JsonSchema(Scored):
    """The answer is JSON, fenced or not, that fits a JSON Schema (draft 2020-12)."""

    kind: Literal["json_schema"] = "json_schema"
    fits: dict[str, JsonValue]


class Numeric(Scored):
    """A number of the answer lies within a tolerance of this one."""

    kind: Literal["numeric"] = "numeric"
    value: Decimal
    tolerance: Annotated[Decimal, Field(ge=0)] = Decimal(0)
    relative: Annotated[float, Field(ge=0, le=1)] = 0.0
    pattern: Pattern | None = Field(
        None, description="Its first group is the number; without it, any number of the answer may"
    )


class Fuzzy(Scored):
    """The answer says nearly this: `within` looks for it as a part, `whole` compares all of it."""

    kind: Literal["fuzzy"] = "fuzzy"
    value: Text
    at_least: Share = 0.85
    compare: Literal["within", "whole", "words"] = "within"


class Overlap(Scored):
    """The items of the answer are these: F1 of the two sets."""

    kind: Literal["overlap"] = "overlap"
    values: Annotated[tuple[Text, ...], Field(min_length=1, max_length=ROWS_LIMIT)]
    separator: Annotated[str, StringConstraints(min_length=1, max_length=10)] = ","
    at_least: Share = 1.0


class Assertion(Scored):
    """One of the evaluator's own, by the name that agents list it under: `mentions:refund`."""

    kind: Literal["assertion"] = "assertion"
    value: Annotated[str, StringConstraints(min_length=1, max_length=1000)]

    @property
    def metric(self) -> str:
        return self.name or self.value


class ExpectedCall(Written):
    """A call of a tool; without `arguments`, with any."""

    tool: Token
    arguments: dict[str, JsonValue] | None = None


class Trajectory(Scored):
    """Which tools were called, and how.

    `strict`: these calls in this order and no others; `unordered`: these and no others;
    `subset`: only calls of this list; `superset`: at least these. `arguments` says the same of
    those of a call: in a `superset` the real ones are the expected ones, and perhaps more.
    """

    kind: Literal["trajectory"] = "trajectory"
    mode: Literal["strict", "unordered", "subset", "superset"] = "superset"
    arguments: Matching = "superset"
    calls: Annotated[tuple[ExpectedCall, ...], Field(max_length=CALLS_LIMIT)]


class Forbidden(Scored):
    """None of these calls was asked for, whatever became of it."""

    kind: Literal["forbidden"] = "forbidden"
    arguments: Matching = "superset"
    calls: Annotated[tuple[ExpectedCall, ...], Field(min_length=1, max_length=CALLS_LIMIT)]


class Effects(Scored):
    """What the run changed in the world is exactly this: its calls with effects that succeeded."""

    kind: Literal["effects"] = "effects"
    arguments: Matching = "superset"
    calls: Annotated[tuple[ExpectedCall, ...], Field(max_length=CALLS_LIMIT)] = ()


class Database(Scored):
    """A read-only query of a database that the evaluator knows by this name gives these rows."""

    kind: Literal["database"] = "database"
    database: Token
    query: Annotated[str, StringConstraints(min_length=1, max_length=10_000)]
    rows: Annotated[tuple[dict[str, JsonValue], ...], Field(max_length=ROWS_LIMIT)]
    in_order: bool = False


class CostAtMost(Scored):
    """The model calls of the run cost no more, in US dollars."""

    kind: Literal["cost_at_most"] = "cost_at_most"
    usd: Usd


class LatencyAtMost(Scored):
    """From submission to end it took no longer, waits for people left out."""

    kind: Literal["latency_at_most"] = "latency_at_most"
    seconds: Seconds


class StepsAtMost(Scored):
    """The run took no more model calls."""

    kind: Literal["steps_at_most"] = "steps_at_most"
    steps: Annotated[int, Field(ge=0, le=10_000)]


class ApprovalsAtMost(Scored):
    """No more calls asked for a person."""

    kind: Literal["approvals_at_most"] = "approvals_at_most"
    approvals: Annotated[int, Field(ge=0, le=10_000)]


class Judged(Scored):
    """A model, or a jury of several, is asked; `judges.yaml` says who it is.

    `question` is what a judge answers with pass or fail, such as: was the customer told the truth?
    With `reference`, the answer is compared with that one, shown in both orders. A verdict without
    a quote has no vote, unless `quotes` are optional: of a question about what is not there.
    """

    kind: Literal["judged"] = "judged"
    by: Token
    question: Annotated[str, StringConstraints(min_length=1, max_length=10_000)]
    reference: Text | None = None
    quotes: Literal["needed", "optional"] = "needed"

    @property
    def metric(self) -> str:
        return self.name or self.by


Scorer = Annotated[
    Exact
    | Regex
    | JsonSchema
    | Numeric
    | Fuzzy
    | Overlap
    | Assertion
    | Trajectory
    | Forbidden
    | Effects
    | Database
    | CostAtMost
    | LatencyAtMost
    | StepsAtMost
    | ApprovalsAtMost
    | Judged,
    Field(discriminator="kind"),
]


def one_name_each(scorers: tuple[Scorer, ...]) -> tuple[Scorer, ...]:
    """These scorers, of which no two that ask somebody are called alike.

    Raises:
        ValueError: two are; what is told of one would be told of the other.
    """
    asked = [one.metric for one in scorers if isinstance(one, Judged | Database)]
    if alike := sorted({one for one in asked if asked.count(one) > 1}):
        raise ValueError(f"two scorers are called {alike[0]!r}; give each a name of its own")
    return scorers


Scorers = Annotated[
    tuple[Scorer, ...], Field(max_length=SCORERS_LIMIT), AfterValidator(one_name_each)
]
