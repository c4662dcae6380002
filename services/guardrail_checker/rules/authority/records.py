"""A tool's result as records: objects with fields, of which the manifest says what they are.

A text is no record: whatever stands in it, anybody may have written.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from contracts.tool import FieldKind, ToolManifest

RECORDS_LIMIT = 5_000  # objects of one result; what comes after them vouches for nothing
DEPTH_LIMIT = 16
BARE = ""  # the key of values that stand in a list by themselves

_CENTS = re.compile(r"-?\d+\.\d+")

Scalar = str | int | float


@dataclass(frozen=True, slots=True)
class Record:
    """The fields of one object, each with its kind; those of no kind are left out."""

    fields: tuple[tuple[FieldKind | None, Scalar], ...]

    def values(self, kind: FieldKind) -> Iterator[Scalar]:
        for own, value in self.fields:
            if own == kind or (own is None and (kind != "amount" or _has_cents(value))):
                yield value


def records_of(manifest: ToolManifest, output_json: str) -> tuple[Record, ...]:
    """The records of a result.

    Of a read whose output no outsider can write, and that declares no fields, each may be of any
    kind. Of any other tool only the declared ones count.
    """
    try:
        found = json.loads(output_json)
    except (ValueError, RecursionError):
        return ()
    made = (_record(manifest, each) for each in _objects(found, DEPTH_LIMIT))
    return tuple(record for record, _ in zip(made, range(RECORDS_LIMIT), strict=False))


def holds_any_text(manifest: ToolManifest) -> bool:
    """Whether each field of what a tool returns counts, of which nobody said what it may hold."""
    return manifest.effect == "read" and manifest.output_trust == "internal" and not manifest.fields


def _has_cents(value: Scalar) -> bool:
    """Of a field that nobody declared, a whole number may as well be an id."""
    return isinstance(value, float) or _CENTS.fullmatch(str(value)) is not None


def _objects(value: object, depth: int) -> Iterator[dict[str, object]]:
    if depth == 0:
        return
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from _objects(each, depth - 1)
    elif isinstance(value, list):
        if bare := scalars(value):
            yield {BARE: bare}
        for each in value:
            yield from _objects(each, depth - 1)


def _record(manifest: ToolManifest, found: dict[str, object]) -> Record:
    is_open = holds_any_text(manifest)
    fields: list[tuple[FieldKind | None, Scalar]] = []
    for key, value in found.items():
        kind = manifest.fields.get(key)
        if kind is not None or is_open:
            fields += [(kind, each) for each in scalars(value)]
    return Record(tuple(fields))


def scalars(value: object) -> list[Scalar]:
    """A value as a list of values: one, several, or none."""
    several = value if isinstance(value, list) else [value]
    return [
        each
        for each in several
        if isinstance(each, Scalar) and not isinstance(each, bool) and each != ""
    ]


def every_scalar(value: object, depth: int = DEPTH_LIMIT) -> list[Scalar]:
    """Whatever lies in an argument, however deep; only what is not given is nothing."""
    if isinstance(value, dict | list) and depth > 0:
        inner = [*value.keys(), *value.values()] if isinstance(value, dict) else value
        return [each for one in inner for each in every_scalar(one, depth - 1)]
    if value is None:
        return []
    return [value] if isinstance(value, Scalar) and not isinstance(value, bool) else [str(value)]
