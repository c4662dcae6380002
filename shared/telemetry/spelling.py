"""How OpenTelemetry's conventions spell what lies on the Prometheus registry under plain names.

Prometheus takes no dots, and puts the unit into the name; whoever reads OTLP knows the conventions'
own names. A test compares them, labels and buckets too, with what the conventions' own library
records.
"""

from dataclasses import dataclass, field

from . import semconv

TOKEN_TYPE = "gen_ai.token.type"  # noqa: S105 - tokens of a model
_CLIENT = (
    semconv.OPERATION_NAME,
    semconv.PROVIDER_NAME,
    semconv.REQUEST_MODEL,
    semconv.ERROR_TYPE,
)


@dataclass(frozen=True, slots=True)
class Spelling:
    """The name of a metric, its unit, and its attributes by our labels."""

    name: str
    unit: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


def plain(name: str, unit: str = "") -> str:
    """A name of the conventions as Prometheus has it."""
    return name.replace(".", "_") + ("_seconds" if unit == "s" else "")


def _conventional(name: str, unit: str, *attributes: str) -> tuple[str, Spelling]:
    return plain(name, unit), Spelling(name, unit, {plain(one): one for one in attributes})


SPELLINGS = dict(
    (
        _conventional("gen_ai.client.operation.duration", "s", *_CLIENT),
        _conventional("gen_ai.client.token.usage", "{token}", *_CLIENT, TOKEN_TYPE),
        _conventional("gen_ai.execute_tool.duration", "s", semconv.TOOL_NAME, semconv.ERROR_TYPE),
    )
)


def spelling(name: str) -> Spelling:
    """As the conventions spell a metric; most are ours, and keep their name."""
    return SPELLINGS.get(name) or Spelling(name)
